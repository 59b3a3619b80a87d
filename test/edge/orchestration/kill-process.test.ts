/**
 * The edge as a real process, killed with SIGKILL while runners work over HTTP, and started again on what it left: the
 * database is consistent at every kill, and in the end it holds what an undisturbed run leaves. A lost write that had
 * been acknowledged would be seen: nobody sends it again.
 */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import type { Child } from '../../../scripts/processes/child.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { integerBelow } from '../../../shared/random.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { prepare, work } from '../remote-world.ts';
import { checkConsistency, summary } from './end-state.ts';

const ADMIN_KEY = 'the-key-of-the-kill-test-0123456789abcdef';
const SEED = Number(process.env['KILL_SEED'] ?? 1);
const KILLS = 5;
/** A kill strikes when so many answers have come since the start, at most: a whole run has more than twice as many. */
const MOST_ANSWERS_BETWEEN = 12;

/** Sends requests to an edge that it kills now and then; what had no answer is sent again after the restart. */
class Sender {
  readonly #folder: string;
  #child: Child | undefined;
  #port = 0;
  /** Resolves when the edge is there. */
  #ready = Promise.resolve();
  #answersLeft = Number.POSITIVE_INFINITY;
  readonly #unanswered = new Set<string>();
  /** What was under way at each kill. */
  readonly kills: string[][] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    this.#port = await freePort();
    const options = {
      host: 'node',
      port: this.#port,
      dataFolder: this.#folder,
      adminKey: ADMIN_KEY,
    } as const;
    this.#child = await startEdge(options);
  }

  connect(key: string): Client {
    return createClient({
      baseUrl: 'http://edge.test',
      key,
      fetch: async (request) => await this.#send(request),
    });
  }

  /** From now on the edge is killed after a number of answers that the seed chooses. */
  arm(): void {
    this.#answersLeft =
      this.kills.length < KILLS
        ? 1 + integerBelow(MOST_ANSWERS_BETWEEN, SEED, this.kills.length, 0)
        : Number.POSITIVE_INFINITY;
  }

  async #send(request: Request): Promise<Response> {
    const { method, headers } = request;
    const { pathname, search } = new URL(request.url);
    const body = method === 'GET' ? null : await request.arrayBuffer();
    for (let attempt = 0; ; attempt++) {
      await this.#ready;
      const killsBefore = this.kills.length;
      const name = `${method} ${pathname.replaceAll(/[0-9a-f-]{36,}/g, '*')} ${crypto.randomUUID()}`;
      this.#unanswered.add(name);
      try {
        const answer = await fetch(`${edgeUrl(this.#port)}${pathname}${search}`, { method, headers, body });
        const bytes = await answer.arrayBuffer();
        this.#unanswered.delete(name);
        if (--this.#answersLeft === 0) this.#ready = this.#killAndStart();
        return new Response(answer.status === 204 ? null : bytes, answer);
      } catch (error) {
        this.#unanswered.delete(name);
        // Only a kill excuses a broken connection.
        if (!(error instanceof TypeError) || this.kills.length === killsBefore || attempt > KILLS)
          throw error;
      }
    }
  }

  async #killAndStart(): Promise<void> {
    this.kills.push([...this.#unanswered].map((name) => name.split(' ').slice(0, 2).join(' ')));
    await this.kill();
    this.inspect(checkConsistency);
    await this.start();
    this.arm();
  }

  /** No handler of the process runs; ends when it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#child?.exited;
  }

  inspect<T>(look: (client: NodeDatabase) => T): T {
    const client = new NodeDatabase(join(this.#folder, 'edge-node', 'rlcd.sqlite'));
    try {
      return look(client);
    } finally {
      client.close();
    }
  }
}

it('ends as if undisturbed when its process is killed again and again', async () => {
  const quiet = openNodeStore(createFolder());
  const { clients } = await createHarness(async () => quiet);
  await prepare(clients.admin);
  await work(clients.admin, clients.runner);

  const sender = new Sender(createFolder());
  await sender.start();
  try {
    const admin = sender.connect(ADMIN_KEY);
    const runner = sender.connect(await prepare(admin));
    sender.arm();
    await work(admin, runner);
    await sender.kill();
    sender.inspect(checkConsistency);
    expect(sender.inspect(summary)).toEqual(summary(quiet.client));
  } finally {
    await sender.kill();
  }
  const underWay = sender.kills.flat();
  console.log(
    `kill test, seed ${SEED}: ${sender.kills.length} processes killed; under way were ${underWay.join(', ')}`,
  );
  expect(sender.kills.length).toBe(KILLS);
  expect(underWay.length).toBeGreaterThan(0);
});
