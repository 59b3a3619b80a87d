/** One leased task from claim to its end: heartbeats, reports in order, checkpoints, and exactly one ending. */
import { ApiError } from '../../shared/api/client.ts';
import { RUNNER_STOPPED, STALLED, type ClaimedTask } from '../../shared/api/tasks.ts';
import { messageOf } from '../../shared/caught.ts';
import { LEAST_SILENCE_SECONDS } from '../../shared/planner/silence.ts';
import { DamagedArtifactError, type Edge, LeaseLostError, pause } from './edge.ts';
import type { Engine } from './engine.ts';
import type { Done, RunnerCalls } from './engine-calls.ts';
import { describeFailure, type Failure } from './failure.ts';
import { ReportQueue } from './report-queue.ts';

/** `untold`: stopped, and the edge could not be told; it will see the lease run out. */
export type SessionEnd = 'completed' | 'failed' | 'cancelled' | 'lost' | 'handed-back' | 'untold';

/** Reports go out at most this long after they were made. */
const REPORT_WITHIN_MS = 900;
/** Heartbeats of a lease, so that several may be lost before it is. */
const HEARTBEATS_PER_LEASE = 6;
/** After a stop, what must still be said to the edge is given up after so long. */
const LAST_WORDS_MS = 8000;

const CANCELLED: Failure = { code: 'cancelled', message: 'cancelled as asked', retryable: false };
const HANDED_BACK: Failure = { code: RUNNER_STOPPED, message: 'the runner was stopped', retryable: true };
/** An engine that is taken for stuck. */
const stalledAfter = (seconds: number): Failure => ({
  code: STALLED,
  message: `the engine has done nothing for ${Math.ceil(seconds / 60)} minutes, and was ended`,
  cure: 'Look for an input that it cannot get through, such as a tokenizer whose pattern never ends on a prompt',
  retryable: true,
});

/**
 * Runs a claimed task.
 *
 * Metrics and samples made before a checkpoint are with the edge before the checkpoint is, so a resumed run neither
 * loses nor repeats one. A lost lease ends the work at once and nothing more is written. An engine that is stuck is ended.
 *
 * @param stop aborts when the runner is told to end: the task is handed back
 */
export async function runSession(
  task: ClaimedTask,
  edge: Edge,
  engine: Engine,
  stop: AbortSignal,
): Promise<SessionEnd> {
  const { id: taskId, epoch, leaseSeconds } = task;
  const lease = new AbortController();
  const work = new AbortController();
  const queue = new ReportQueue(epoch);
  let cancelled = false;
  let lost = false;
  let stalled: Failure | null = null;
  let failed: unknown = null;
  let heardAt = performance.now();
  /** Until the engine has opened the model, and tells how long its work takes. */
  let silenceSeconds = LEAST_SILENCE_SECONDS;
  /** Calls of the engine that the edge has not answered yet. */
  let asked = 0;
  let sending = Promise.resolve();
  let wake = Promise.withResolvers<void>();

  const onStop = (): void => {
    work.abort(new Error('the runner was stopped'));
    // Nothing comes after it for which its process would be kept, and no run of the engine is waited for.
    void engine.close();
  };
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();

  const sendOne = async (): Promise<void> => {
    const { cancel } = await edge.report(taskId, queue.take(), lease.signal);
    if (cancel && !cancelled) {
      cancelled = true;
      work.abort(new Error('cancelled'));
    }
  };
  const sendWaiting = async (): Promise<void> => {
    while (queue.owing) await sendOne();
  };
  /** Sends what waits, after what is being sent. */
  const flush = async (): Promise<void> => {
    sending = sending.then(sendWaiting);
    await sending;
  };
  const beat = async (): Promise<void> => {
    sending = sending.then(sendOne);
    await sending;
  };
  const heartbeats = async (): Promise<void> => {
    const every = (leaseSeconds * 1000) / HEARTBEATS_PER_LEASE;
    while (!lease.signal.aborted) {
      wake = Promise.withResolvers<void>();
      await Promise.race([pause(every, lease.signal), wake.promise]);
      if (queue.waiting) await pause(REPORT_WITHIN_MS, lease.signal);
      if (!lease.signal.aborted) await beat();
      if (asked === 0 && performance.now() - heardAt > silenceSeconds * 1000 && !work.signal.aborted) {
        stalled = stalledAfter(silenceSeconds);
        work.abort(new Error(stalled.message));
      }
    }
  };
  const beating = heartbeats().catch((error: unknown) => {
    if (lease.signal.aborted) return;
    lost = error instanceof LeaseLostError;
    failed = lost ? null : error;
    work.abort(error);
  });

  /** While it waits for the edge, for however long, the engine is not silent. */
  const edgeCall = async <Result>(call: Promise<Result>): Promise<Result> => {
    asked += 1;
    try {
      return await asFault(call);
    } finally {
      asked -= 1;
      heardAt = performance.now();
    }
  };
  const serve: RunnerCalls = {
    get: (sha256) => edgeCall(edge.get(sha256, taskId, work.signal)),
    put: (artifact) => edgeCall(edge.put(artifact, { taskId, epoch }, work.signal)),
    putFile: (artifact) => edgeCall(edge.putFile(artifact, { taskId, epoch }, work.signal)),
    checkpoint: async ({ step, bytes }) => {
      const artifact = { kind: 'checkpoint', mediaType: 'application/octet-stream', bytes } as const;
      const sha256 = await edgeCall(edge.put(artifact, { taskId, epoch }, work.signal));
      await flush();
      await edgeCall(edge.checkpoint(taskId, { epoch, sha256, step }, work.signal));
    },
    report: (report) => {
      heardAt = performance.now();
      queue.add(report);
      if (queue.waiting) wake.resolve();
    },
    working: () => {
      heardAt = performance.now();
    },
    expectSilence: (seconds) => {
      silenceSeconds = seconds;
    },
  };
  let ending = await engine.run(task, serve, work.signal).then(
    (done): Ending => ({ done }),
    (error: unknown): Ending => {
      // In full: what goes to the edge leaves out what is this machine's own.
      if (!work.signal.aborted) console.error(messageOf(error));
      return { failure: describeFailure(error, [task.baseModel.source]) };
    },
  );
  stop.removeEventListener('abort', onStop);
  const endWatch = limitLastWords(stop, lease);
  try {
    if (lost) return 'lost';
    if (failed !== null) throw failed;
    if ('done' in ending && !work.signal.aborted) {
      await flush();
      const refused = await completeOrRefused(edge.complete(taskId, epoch, ending.done, lease.signal));
      if (refused === undefined) return 'completed';
      ending = { failure: refused };
    }
    const interrupted = cancelled ? CANCELLED : (stalled ?? HANDED_BACK);
    const failure = 'failure' in ending && !work.signal.aborted ? ending.failure : interrupted;
    if (!work.signal.aborted) await flush();
    await edge.fail(taskId, epoch, failure, lease.signal);
    if (failure === CANCELLED) return 'cancelled';
    return failure === HANDED_BACK ? 'handed-back' : 'failed';
  } catch (error) {
    if (error instanceof LeaseLostError) return 'lost';
    if (lease.signal.aborted) return 'untold';
    throw error;
  } finally {
    endWatch();
    lease.abort();
    await beating;
  }
}

/** How the engine's work on a task ended. */
type Ending = { readonly done: Done } | { readonly failure: Failure };

/** @returns the failure where an output was damaged behind its being put: the task that is tried again puts it anew */
async function completeOrRefused(completing: Promise<void>): Promise<Failure | undefined> {
  try {
    await completing;
    return undefined;
  } catch (error) {
    if (error instanceof DamagedArtifactError) return describeFailure(error);
    throw error;
  }
}

/** What the edge refuses a task is a fault like any other: it may have forgotten an upload, so the task is tried again. */
async function asFault<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof ApiError ? new Error(error.message, { cause: error }) : error;
  }
}

/** From the stop on, what must be said to the edge is given up after a while. @returns ends the watch */
function limitLastWords(stop: AbortSignal, lease: AbortController): () => void {
  let timer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    timer = setTimeout(() => lease.abort(new Error('the runner was stopped')), LAST_WORDS_MS);
  };
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  return () => {
    clearTimeout(timer);
    stop.removeEventListener('abort', onStop);
  };
}
