/** `npm run bench -- lists`: how long 1,000 of 10,000 experiments take to be listed, and 100 to be compared with one, over HTTP. */
import { createClient, type Client } from '../../shared/api/client.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { median } from './common/figures.ts';
import { createFolder, createStore, startHost, type RunningHost } from './edge/hosts.ts';
import { seedStore } from './edge/seed-store.ts';

const ROUNDS = 5;
const LISTED = 1000;
const COMPARED = 100;
/** The most that a page holds. */
const PAGE = 200;

/** @returns the ids of the newest, page after page */
async function list(client: Client): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  while (ids.length < LISTED) {
    const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const { items, nextCursor } = await client.listExperiments({ query });
    ids.push(...items.map(({ id }) => id));
    if (nextCursor === null) throw new Error(`the store has ${ids.length} experiments`);
    cursor = nextCursor;
  }
  return ids;
}

/** What differs between the first and each of the others, all asked at once. */
async function compare(client: Client, [experimentId = '', ...others]: readonly string[]): Promise<void> {
  await Promise.all(
    others
      .slice(0, COMPARED)
      .map((otherExperimentId) =>
        client.compareExperiments({ parameters: { experimentId, otherExperimentId } }),
      ),
  );
}

interface Took {
  readonly ms: number;
  /** Processor time of the edge; NaN where the system does not tell. */
  readonly edgeMs: number;
}

async function timed(host: RunningHost, work: () => Promise<unknown>): Promise<Took> {
  const [begun, used] = [performance.now(), host.cpu() ?? Number.NaN];
  await work();
  return { ms: performance.now() - begun, edgeMs: ((host.cpu() ?? Number.NaN) - used) / 1000 };
}

const middle = (rounds: readonly Took[]): Took => ({
  ms: Math.round(median(rounds.map(({ ms }) => ms))),
  edgeMs: Math.round(median(rounds.map(({ edgeMs }) => edgeMs))),
});

export const command = createCommand(
  'npm run bench -- lists',
  `Lists ${LISTED} of 10,000 experiments, ${PAGE} a page, and compares ${COMPARED} with one, over HTTP against the edge on ` +
    'Node; the middle of five rounds after one to warm up, with the processor time that the edge took.',
)
  .addOption(jsonOption())
  .action(async ({ json }) => {
    const folder = createFolder();
    seedStore(createStore('node', folder.path), 1);
    const host = await startHost('node', folder.path);
    try {
      const client = createClient({ baseUrl: host.origin, key: host.adminKey });
      const [lists, comparisons]: [Took[], Took[]] = [[], []];
      for (let round = 0; round <= ROUNDS; round++) {
        let ids: readonly string[] = [];
        const listing = await timed(host, async () => (ids = await list(client)));
        const comparing = await timed(host, async () => await compare(client, ids));
        if (round === 0) continue;
        lists.push(listing);
        comparisons.push(comparing);
      }
      const [list1000, compare100] = [middle(lists), middle(comparisons)];
      console.log(
        json
          ? JSON.stringify({ listed: LISTED, list: list1000, compared: COMPARED, compare: compare100 })
          : `${LISTED} listed in ${list1000.ms} ms, ${COMPARED} compared in ${compare100.ms} ms; the edge worked ` +
              `${list1000.edgeMs} and ${compare100.edgeMs} ms of them`,
      );
    } finally {
      await host.stop();
      folder.remove();
    }
  });
