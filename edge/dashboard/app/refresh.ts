/** Turns live events into reads: what changed is read again, at most once a second. */
import type { QueryClient, QueryKey } from '@tanstack/solid-query';
import { createSignal, type Accessor } from 'solid-js';
import type { LiveEvent } from './live.ts';

const EVERY_MILLISECONDS = 1000;

export interface Refresh {
  readonly onEvent: (event: LiveEvent) => void;
  readonly onOpen: () => void;
  /** The experiments that changed in the last second, a new set each time. */
  readonly changed: Accessor<ReadonlySet<string>>;
  stop(): void;
}

const ABOUT_RUNNERS = new Set(['task-claimed', 'task-lease-ended', 'task-succeeded', 'task-failed']);

/** What an event may have changed. */
function keysOf({ kind, experimentId, taskId }: LiveEvent): QueryKey[] {
  const ofTask = taskId === null ? [] : [['task', taskId]];
  const ofRunners = ABOUT_RUNNERS.has(kind) ? [['runners'], ['launches']] : [];
  const ofExperiment =
    experimentId === null
      ? []
      : kind === 'task-reported' || kind === 'task-checkpointed'
        ? [['experiment', experimentId, 'detail']]
        : [['experiment', experimentId]];
  return [...ofTask, ...ofRunners, ...ofExperiment];
}

/** What is read of several tasks at once has all their ids in its key. */
function isOfTasks([kind, ids]: QueryKey, changed: ReadonlySet<string>): boolean {
  return kind === 'tasks' && Array.isArray(ids) && ids.some((id) => changed.has(String(id)));
}

export function createRefresh(queryClient: QueryClient): Refresh {
  const [changed, setChanged] = createSignal<ReadonlySet<string>>(new Set());
  let waiting = new Map<string, QueryKey>();
  let experiments = new Set<string>();
  let tasks = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let opened = false;

  function flush(): void {
    timer = undefined;
    const keys = [...waiting.values()];
    waiting = new Map();
    setChanged(experiments);
    experiments = new Set();
    for (const queryKey of keys) void queryClient.invalidateQueries({ queryKey });
    const [changedTasks] = [tasks, (tasks = new Set())];
    void queryClient.invalidateQueries({ predicate: ({ queryKey }) => isOfTasks(queryKey, changedTasks) });
  }

  return {
    changed,
    onEvent(event) {
      for (const key of keysOf(event)) waiting.set(JSON.stringify(key), key);
      if (event.experimentId !== null) experiments.add(event.experimentId);
      if (event.taskId !== null) tasks.add(event.taskId);
      timer ??= setTimeout(flush, EVERY_MILLISECONDS);
    },
    onOpen() {
      // The first pages are read while the stream opens; later, anything may have changed meanwhile.
      if (opened) void queryClient.invalidateQueries();
      opened = true;
    },
    stop: () => clearTimeout(timer),
  };
}
