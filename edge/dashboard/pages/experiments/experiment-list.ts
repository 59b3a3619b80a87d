/** All experiments, page by page in the background, and kept up to date by live events. */
import { createEffect, createSignal, on, onCleanup, type Accessor } from 'solid-js';
import { useLive } from '../../app/live-context.tsx';
import { useSession } from '../../app/session.ts';
import type { Experiment } from '../../app/types.ts';

const PAGE = 200;
/** More than anybody reads; beyond it the rest comes on request. */
const LOADED_BY_ITSELF = 20_000;
/** Of so many changed experiments each is read by itself; of more, the list is read again. */
const READ_SINGLY = 10;

export interface ExperimentList {
  readonly rows: Accessor<readonly Experiment[]>;
  /** The first page has come. */
  readonly ready: Accessor<boolean>;
  /** There is more than was read. */
  readonly more: Accessor<boolean>;
  readonly loading: Accessor<boolean>;
  readonly error: Accessor<unknown>;
  /** Reads on from where it stopped. */
  readonly load: () => void;
}

export function createExperimentList(): ExperimentList {
  const { client } = useSession();
  const live = useLive();
  const [rows, setRows] = createSignal<readonly Experiment[]>([]);
  const [ready, setReady] = createSignal(false);
  const [more, setMore] = createSignal(true);
  const [loading, setLoading] = createSignal(false);
  const [error, setError] = createSignal<unknown>();
  const left = new AbortController();
  onCleanup(() => left.abort());
  const known = new Map<string, Experiment>();
  let cursor: string | undefined;

  const publish = () => setRows([...known.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1)));

  async function read(upTo: number): Promise<void> {
    if (loading()) return;
    setLoading(true);
    setError(undefined);
    try {
      // Each round shows twice as many, so that sorting what is known costs little altogether.
      for (let shown = known.size; more() && known.size < upTo;) {
        const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
        const page = await client.listExperiments({ query }, { signal: left.signal });
        for (const item of page.items) known.set(item.id, item);
        cursor = page.nextCursor ?? undefined;
        setMore(page.nextCursor !== null);
        if (!more() || known.size >= 2 * shown) {
          publish();
          shown = known.size;
          setReady(true);
        }
        await new Promise((resolve) => setTimeout(resolve));
      }
    } catch (cause) {
      if (!left.signal.aborted) setError(cause);
    } finally {
      publish();
      setLoading(false);
    }
  }

  async function readAgain(ids: ReadonlySet<string>): Promise<void> {
    try {
      if (ids.size > READ_SINGLY) {
        const page = await client.listExperiments({ query: { limit: PAGE } }, { signal: left.signal });
        for (const item of page.items) known.set(item.id, item);
      } else {
        for (const experimentId of ids) {
          const detail = await client.getExperiment(
            { parameters: { experimentId } },
            { signal: left.signal },
          );
          known.set(experimentId, detail);
        }
      }
      publish();
    } catch (cause) {
      if (!left.signal.aborted) setError(cause);
    }
  }

  createEffect(on(live.changed, (ids) => void readAgain(ids), { defer: true }));
  createEffect(
    on(
      live.state,
      (state, before) => {
        // After a pause everything may be old: what runs is read again, and what came meanwhile.
        if (state !== 'live' || before === undefined || !ready()) return;
        const open = [...known.values()].filter(({ status }) => status === 'running' || status === 'queued');
        void readAgain(new Set(open.map(({ id }) => id).slice(0, READ_SINGLY)));
      },
      { defer: true },
    ),
  );
  void read(LOADED_BY_ITSELF);
  return { rows, ready, more, loading, error, load: () => void read(known.size + LOADED_BY_ITSELF) };
}
