/** What the runner, which talks to the edge, and the engine's process, which computes, ask of each other. */
import type { ClaimedTask, Heartbeat } from '../../shared/api/tasks.ts';
import type { ArtifactBytes, ArtifactFile } from '../tasks/task-context.ts';

/** File descriptor in the engine's process of the pipe that closes when the runner has ended. */
export const LIFELINE = 4;

/** Progress, metrics and samples of a running task, and the tokens worked through since the report before. */
export type Report = Partial<Pick<Heartbeat, 'progress' | 'metrics' | 'samples' | 'tokens'>>;

/** What the engine asks of the runner. */
export interface RunnerCalls {
  get(sha256: string): Promise<Uint8Array>;
  /** Answered with the SHA-256. */
  put(artifact: ArtifactBytes): Promise<string>;
  /** Answered when the edge holds the file. */
  putFile(artifact: ArtifactFile): Promise<void>;
  /** Answered when the edge holds the checkpoint. */
  checkpoint(checkpoint: { readonly step: number; readonly bytes: Uint8Array }): Promise<void>;
  /** Answered by nothing. */
  report(report: Report): void;
  /** It gets on. Answered by nothing. */
  working(nothing: null): void;
  /** For how many seconds it may say nothing from now on, by what the task takes. Answered by nothing. */
  expectSilence(seconds: number): void;
}

/** What a task leaves when it succeeds. */
export interface Done {
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
  readonly result: Record<string, unknown>;
}

/** What the runner asks of the engine. */
export interface EngineCalls {
  /** Runs a task to its end; one at a time. */
  run(task: ClaimedTask): Promise<Done>;
  /** Stops the task under way within seconds. */
  abort(nothing: null): void;
}
