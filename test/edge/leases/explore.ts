/**
 * Drives the store and the model through one interleaving after another. Requests are messages: some are
 * delivered at once, some late, some twice and in another order, some never.
 */
import { randomUUID } from 'node:crypto';
import { Model, type Answer } from './model.ts';
import { identifierOf, World, type TaskRow } from './world.ts';

/** Small and fast (mulberry32); the explorer must not depend on the product's generator. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Message =
  | { readonly kind: 'claim'; readonly runner: number; readonly claim: string }
  | (Held & {
      readonly kind: 'report';
      readonly sequence: number;
      readonly points: readonly [number, number][];
    })
  | (Held & { readonly kind: 'checkpoint'; readonly step: number })
  | (Held & { readonly kind: 'complete' })
  | (Held & { readonly kind: 'fail'; readonly retryable: boolean });

interface Held {
  readonly runner: number;
  readonly task: string;
  readonly epoch: number;
}

/** What a runner believes to hold. */
interface Belief extends Held {
  sequence: number;
  step: number;
}

export interface Counts {
  interleavings: number;
  requests: number;
  [event: string]: number;
}

/** The store did something else than the model. */
class Divergence extends Error {
  constructor(history: readonly string[], expected: unknown, actual: unknown) {
    super(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)} after\n` + history.join('\n'));
    this.name = 'Divergence';
  }
}

const RUNNERS = 3;
const MAXIMUM_TASKS = 2;
/** The first experiment's number; further ones follow. */
const EXPERIMENTS = 1000;
/** Steps before the first branch, at most. */
const MAXIMUM_PREFIX = 6;
/** From then on every state is left by this many ways, this many steps deep. */
const BRANCHES = 3;
const DEPTH = 8;
/** Interleavings of one tree. */
export const A_TREE = BRANCHES ** DEPTH;
/** Share of the interleavings that go on until every task has ended. */
const DRAINED = 0.05;
const DRAIN_ROUNDS = 200;

/** A state of store and model in the middle of an interleaving, and the ways on from it. */
class Interleaving {
  readonly #world: World;
  readonly #random: () => number;
  readonly #counts: Counts;
  readonly #engineVersion: string;
  readonly #taskIds: readonly string[];
  readonly #runnerIds: readonly string[];
  readonly #model: Model;
  readonly #beliefs: (Belief | undefined)[];
  readonly #pool: Message[];
  readonly #history: string[];
  #now: number;
  #experiments: number;

  constructor(world: World, random: () => number, counts: Counts, from?: Interleaving) {
    this.#world = world;
    this.#random = random;
    this.#counts = counts;
    this.#engineVersion = '1';
    this.#runnerIds = from ? from.#runnerIds : Array.from({ length: RUNNERS }, () => randomUUID());
    this.#taskIds = from
      ? from.#taskIds
      : Array.from({ length: 1 + this.#pick(MAXIMUM_TASKS) }, (_, task) => identifierOf(task));
    this.#now = from ? from.#now : 1_000_000;
    this.#experiments = from ? from.#experiments : 1;
    this.#model = from ? from.#model.clone() : new Model(this.#taskIds, this.#now);
    this.#beliefs = from ? from.#beliefs.map((belief) => belief && { ...belief }) : [];
    this.#pool = from ? [...from.#pool] : [];
    this.#history = from ? [...from.#history] : [];
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #count(event: string): void {
    this.#counts[event] = (this.#counts[event] ?? 0) + 1;
  }

  /** From an empty store through a random beginning into every branch. */
  async runTree(): Promise<void> {
    await this.#world.branch(async () => {
      await this.#world.createExperiment(EXPERIMENTS, this.#taskIds, this.#engineVersion, this.#now);
      for (let step = this.#pick(MAXIMUM_PREFIX + 1); step > 0; step--) await this.#step();
      await this.#branch(DEPTH);
    });
  }

  async #branch(depth: number): Promise<void> {
    if (depth === 0) {
      await this.#end();
      return;
    }
    for (let way = 0; way < BRANCHES; way++) {
      await this.#world.branch(async () => {
        const next = new Interleaving(this.#world, this.#random, this.#counts, this);
        await next.#step();
        await next.#branch(depth - 1);
      });
    }
  }

  async #end(): Promise<void> {
    if (this.#random() < DRAINED) {
      while (this.#pool.length > 0) await this.#deliverFromPool();
      await this.#drain();
    }
    await this.#compare();
    this.#counts.interleavings += 1;
  }

  async #step(): Promise<void> {
    const choice = this.#random();
    if (choice < 0.08) this.#now += this.#pick(70_000);
    else if (choice < 0.13) await this.#expire();
    else if (choice < 0.16) await this.#cancel();
    else if (choice < 0.18) await this.#share();
    else if (choice < 0.34 && this.#pool.length > 0) await this.#deliverFromPool();
    else await this.#send(this.#newMessage());
  }

  #newMessage(): Message {
    const runner = this.#pick(RUNNERS);
    const belief = this.#beliefs[runner];
    const choice = this.#random();
    if (!belief || choice < 0.08) return { kind: 'claim', runner, claim: randomUUID() };
    const held = { runner, task: belief.task, epoch: belief.epoch };
    if (choice < 0.11) {
      return { ...held, runner: (runner + 1) % RUNNERS, kind: 'complete' };
    }
    if (choice < 0.6) {
      belief.sequence += 1;
      const points = Array.from({ length: this.#pick(3) }, (): [number, number] => {
        belief.step += 1;
        return [belief.step, belief.epoch * 1000 + this.#pick(1000)];
      });
      return { ...held, kind: 'report', sequence: belief.sequence, points };
    }
    if (choice < 0.7) return { ...held, kind: 'checkpoint', step: belief.step };
    if (choice < 0.85) return { ...held, kind: 'complete' };
    return { ...held, kind: 'fail', retryable: this.#random() < 0.8 };
  }

  async #send(message: Message): Promise<void> {
    const fate = this.#random();
    if (fate < 0.15) {
      this.#count('delayed');
      this.#pool.push(message);
      return;
    }
    if (fate < 0.35) {
      this.#count('duplicated');
      this.#pool.push(message);
    }
    await this.#deliver(message);
  }

  /** Any of those on their way: so they overtake each other. */
  async #deliverFromPool(): Promise<void> {
    const [message] = this.#pool.splice(this.#pick(this.#pool.length), 1);
    if (message) await this.#deliver(message);
  }

  async #deliver(message: Message): Promise<void> {
    const expected = this.#predict(message);
    this.#history.push(`${this.#now} ${JSON.stringify(message)}`);
    const actual = await this.#perform(message);
    this.#counts.requests += 1;
    this.#count(actual.kind === 'refused' ? actual.code : `${message.kind} ${actual.kind}`);
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      throw new Divergence(this.#history, expected, actual);
    }
    // A claim's answer that comes late is not believed: the runner has asked again meanwhile.
    if (message.kind === 'claim' && actual.kind === 'lease') {
      const { runner } = message;
      this.#beliefs[runner] = { runner, task: actual.task, epoch: actual.epoch, sequence: 0, step: 0 };
    }
  }

  #predict(message: Message): Answer {
    const { runner } = message;
    const model = this.#model;
    const now = this.#now;
    if (message.kind === 'claim') return model.claim(runner, message.claim, now);
    const { kind, task, epoch } = message;
    if (kind === 'report') return model.report(runner, task, epoch, message.sequence, message.points, now);
    if (kind === 'checkpoint') return model.checkpoint(runner, task, epoch, message.step, now);
    if (kind === 'complete') return model.complete(runner, task, epoch);
    return model.fail(runner, task, epoch, message.retryable, now);
  }

  async #perform(message: Message): Promise<Answer> {
    const keyId = this.#runnerIds[message.runner] ?? '';
    if (message.kind === 'claim') {
      return await this.#world.claim(keyId, message.claim, this.#engineVersion, this.#now);
    }
    const holder = { taskId: message.task, epoch: message.epoch, keyId };
    const { kind } = message;
    const now = this.#now;
    if (kind === 'report') return await this.#world.report(holder, message.sequence, message.points, now);
    if (kind === 'checkpoint') return await this.#world.checkpoint(holder, message.step, now);
    if (kind === 'complete') return await this.#world.complete(holder, now);
    return await this.#world.fail(holder, message.retryable, now);
  }

  async #expire(): Promise<void> {
    this.#history.push(`${this.#now} expire`);
    this.#count('expire');
    this.#model.expire(this.#now);
    await this.#world.expire(this.#now);
  }

  async #cancel(): Promise<void> {
    const experiment = this.#pick(this.#experiments);
    this.#history.push(`${this.#now} cancel ${experiment}`);
    this.#count('cancel');
    this.#model.cancel(experiment);
    await this.#world.cancel(EXPERIMENTS + experiment, this.#now);
  }

  async #share(): Promise<void> {
    const experiment = this.#experiments++;
    this.#history.push(`${this.#now} share ${experiment}`);
    this.#count('share');
    this.#model.share(experiment, this.#now);
    const number = EXPERIMENTS + experiment;
    await this.#world.createExperiment(number, this.#taskIds, this.#engineVersion, this.#now);
  }

  /** Nothing new disturbs: runners work on until every task has ended. */
  async #drain(): Promise<void> {
    for (let round = 0; !this.#model.ended; round++) {
      if (round === DRAIN_ROUNDS) {
        throw new Divergence(this.#history, 'every task ends', 'it did not');
      }
      this.#now += 61_000;
      await this.#expire();
      const runner = this.#pick(RUNNERS);
      await this.#deliver({ kind: 'claim', runner, claim: randomUUID() });
      const belief = this.#beliefs[runner];
      if (belief) await this.#deliver({ kind: 'complete', runner, task: belief.task, epoch: belief.epoch });
    }
  }

  async #compare(): Promise<void> {
    const actual = await this.#world.read(this.#taskIds);
    const expected = this.#model.tasks.map((task): TaskRow => ({
      id: task.id,
      status: task.status,
      epoch: task.epoch,
      sequence: task.sequence,
      failures: task.failures,
      expirations: task.expirations,
      checkpoint: task.checkpoint,
      points: JSON.stringify([...task.points].sort(([a], [b]) => a - b)),
      failed: JSON.stringify([...task.failed].sort(([a], [b]) => a - b)),
      outputs: task.status === 'succeeded' ? 1 : 0,
      claims: task.epoch,
    }));
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      throw new Divergence(this.#history, expected, actual);
    }
  }
}

/** @throws Divergence with the whole history of the interleaving */
export async function explore(trees: number, seed: number): Promise<Counts> {
  const random = createRandom(seed);
  const counts: Counts = { interleavings: 0, requests: 0 };
  const world = new World();
  for (let tree = 0; tree < trees; tree++) await new Interleaving(world, random, counts).runTree();
  world.close();
  return counts;
}
