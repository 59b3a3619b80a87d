/** What brings runners up, and the limits under which it is asked. */

export interface LaunchRequest {
  /** The runner gets it as RLCD_LAUNCH_ID, so that the edge knows when it has arrived. */
  readonly launchId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly queuedTasks: number;
  readonly liveRunners: number;
  /** A launcher that can count what it started refuses to go above it. */
  readonly maximumRunners: number;
}

export interface LaunchAnswer {
  /** `refused`: it does not want to now; `failed`: it could not. */
  readonly outcome: 'launched' | 'refused' | 'failed';
  readonly reason: string;
}

export interface Launcher {
  readonly name: string;
  /** Asks for one runner; what goes wrong is in the answer. */
  launch(request: LaunchRequest): Promise<LaunchAnswer>;
  /**
   * Of launches whose runner has not come yet: those of which none will come any more, each with the reason. Absent where
   * the launcher cannot know, or tells the edge by itself.
   *
   * @throws Error where it cannot be asked now
   */
  readonly findEnded?: (launchIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** `fetch`, as far as launchers need it: hosts give one that trusts a certificate authority of the cluster's own. */
export type Send = (request: Request) => Promise<Response>;

export interface LaunchPolicy {
  readonly launcher: Launcher;
  /** Runners that are alive or coming up at the same time. */
  readonly maximumRunners: number;
  /** Between two launches. */
  readonly coolDownMilliseconds: number;
  /** How long a launched runner may take to its first claim; after that it is taken for failed. */
  readonly startMilliseconds: number;
}
