/** What the main thread, which talks to the edge, and the engine's thread, which computes, say to each other. */
import type { ClaimedTask, Heartbeat } from '../../shared/api/tasks.ts';
import type { ArtifactBytes } from '../tasks/task-context.ts';
import type { Failure } from '../tasks/run-task.ts';

/** Progress, metrics and samples of a running task, and the tokens worked through since the report before. */
export type Report = Partial<Pick<Heartbeat, 'progress' | 'metrics' | 'samples' | 'tokens'>>;

/** What the engine's thread asks of the main one, and what it is answered. */
export interface Calls {
  readonly get: { readonly asked: { readonly sha256: string }; readonly answer: Uint8Array };
  readonly put: { readonly asked: ArtifactBytes; readonly answer: string };
  /** Answered when the edge holds the checkpoint. */
  readonly checkpoint: {
    readonly asked: { readonly step: number; readonly bytes: Uint8Array };
    readonly answer: null;
  };
}

export type CallName = keyof Calls;

export type ToEngine =
  | { readonly type: 'run'; readonly task: ClaimedTask }
  | { readonly type: 'abort' }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly message: string };

export interface Done {
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
  readonly result: Record<string, unknown>;
}

export type FromEngine =
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly asked: unknown }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'done'; readonly done: Done }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'aborted' };
