/**
 * Runs actors over one store in every order of their steps: a step is one query, one batch or one access of a blob, which
 * is what a database and a bucket do at once. The orders are walked depth first, each from the same store.
 */
import type { SQLInputValue } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { migrate } from '../../../edge/hosts/migrate-node.ts';
import type { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { chunksOf, type Blobs } from '../../../edge/store/blobs.ts';
import { openDatabase, type Store } from '../../../edge/store/database.ts';
import { BranchingDatabase } from '../leases/world.ts';

/** An actor that wants to take its next step waits until it is let. */
class Gate {
  readonly #waiting: (() => void)[] = [];

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  async pass(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    this.#waiting.shift()?.();
  }
}

class MemoryBlobs implements Blobs {
  kept = new Map<string, Uint8Array>();

  async put(
    name: string,
    bytes: AsyncIterable<Uint8Array> | Uint8Array,
    verify?: () => void | Promise<void>,
  ): Promise<void> {
    const parts: Uint8Array[] = [];
    if (bytes instanceof Uint8Array) parts.push(bytes);
    else for await (const part of bytes) parts.push(part);
    await verify?.();
    this.kept.set(name, Buffer.concat(parts));
  }

  async get(name: string): Promise<ReadableStream<Uint8Array> | undefined> {
    const bytes = this.kept.get(name);
    return bytes && new Blob([new Uint8Array(bytes)]).stream();
  }

  async size(name: string): Promise<number | undefined> {
    return this.kept.get(name)?.length;
  }

  async delete(name: string): Promise<void> {
    this.kept.delete(name);
  }
}

type Statement = ReturnType<NodeDatabase['prepare']>;

/** The store as one actor sees it: nothing happens before its gate opens. */
function gated(client: NodeDatabase, inner: Blobs, gate: Gate): Store {
  const wrap = (statement: Statement): unknown => ({
    original: statement,
    bind: (...values: readonly SQLInputValue[]) => wrap(statement.bind(...values)),
    all: async () => (await gate.pass(), await statement.all()),
    run: async () => (await gate.pass(), await statement.run()),
    raw: async () => (await gate.pass(), await statement.raw()),
  });
  const database = openDatabase({
    prepare: (sql: string) => wrap(client.prepare(sql)),
    batch: async (statements: readonly { original: Statement }[]) => {
      await gate.pass();
      return await client.batch(statements.map(({ original }) => original));
    },
  } as unknown as D1Database);
  const blobs: Blobs = {
    put: async (name, bytes, verify) => (await gate.pass(), await inner.put(name, bytes, verify)),
    get: async (name, range) => (await gate.pass(), await inner.get(name, range)),
    size: async (name) => (await gate.pass(), await inner.size(name)),
    delete: async (name) => (await gate.pass(), await inner.delete(name)),
  };
  return { database, blobs };
}

export interface Situation {
  readonly store: Store;
  /** Of all blobs that there are. */
  readonly blobNames: () => readonly string[];
  /** What each actor ended with. */
  readonly ended: readonly PromiseSettledResult<unknown>[];
}

/** Lets the work between two steps run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await setImmediate();
}

/** An actor, the store as it sees it, and its gate. */
interface Gated {
  readonly run: (store: Store) => Promise<unknown>;
  readonly store: Store;
  readonly gate: Gate;
}

/** @returns which actors could have taken each step */
async function runOnce(
  store: Store & { readonly blobs: MemoryBlobs },
  order: readonly number[],
  actors: readonly Gated[],
  check: (situation: Situation, taken: readonly number[]) => Promise<void>,
): Promise<{ readonly taken: number[]; readonly choices: number[][] }> {
  let running = actors.length;
  const work = Promise.allSettled(
    actors.map(async (actor) => {
      try {
        return await actor.run(actor.store);
      } finally {
        running -= 1;
      }
    }),
  );
  const taken: number[] = [];
  const choices: number[][] = [];
  for (;;) {
    await settle();
    const ready = actors.flatMap(({ gate }, index) => (gate.isWaiting ? [index] : []));
    if (running === 0) break;
    if (ready.length === 0) continue;
    const next = order[taken.length] ?? ready[0] ?? 0;
    choices.push(ready);
    taken.push(next);
    actors[next]?.gate.open();
  }
  const blobNames = () => [...store.blobs.kept.keys()];
  await check({ store, blobNames, ended: await work }, taken);
  return { taken, choices };
}

/**
 * Every order of the actors' steps.
 *
 * @param prepare makes the store that every order begins with
 * @param check throws where an order ends wrong
 * @returns how many orders there were
 */
export async function everyOrder(
  prepare: (store: Store) => Promise<void>,
  actors: readonly ((store: Store) => Promise<unknown>)[],
  check: (situation: Situation, taken: readonly number[]) => Promise<void>,
): Promise<number> {
  const open: number[][] = [[]];
  let orders = 0;
  const client = new BranchingDatabase(':memory:');
  migrate(client);
  const blobs = new MemoryBlobs();
  // One database for each for all orders: its statements are built once.
  const store = { database: openDatabase(client as unknown as D1Database), blobs };
  await prepare(store);
  const begun = new Map(blobs.kept);
  const gatedActors = actors.map((run): Gated => {
    const gate = new Gate();
    return { run, gate, store: gated(client, blobs, gate) };
  });
  for (let order = open.pop(); order; order = open.pop()) {
    const begin = order;
    let run: Awaited<ReturnType<typeof runOnce>> = { taken: [], choices: [] };
    blobs.kept = new Map(begun);
    await client.branch(async () => {
      run = await runOnce(store, begin, gatedActors, check);
    });
    const { taken, choices } = run;
    orders += 1;
    for (let step = order.length; step < taken.length; step++) {
      for (const other of choices[step] ?? []) {
        if (other !== taken[step]) open.push([...taken.slice(0, step), other]);
      }
    }
  }
  client.close();
  return orders;
}

/** The bytes of a stream. */
export async function bytesOf(stream: ReadableStream<Uint8Array> | undefined): Promise<string | undefined> {
  if (!stream) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of chunksOf(stream)) parts.push(part);
  return Buffer.concat(parts).toString();
}
