/** What brings runners up, and the limits under which it is asked. */

export interface LaunchRequest {
  readonly launchId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly queuedTasks: number;
  readonly liveRunners: number;
}

interface LaunchAnswer {
  /** `refused`: it does not want to now; `failed`: it could not. */
  readonly outcome: 'launched' | 'refused' | 'failed';
  readonly reason: string;
}

export interface Launcher {
  readonly name: string;
  /** Asks for one runner; what goes wrong is in the answer. */
  launch(request: LaunchRequest): Promise<LaunchAnswer>;
}

export interface LaunchPolicy {
  readonly launcher: Launcher;
  /** Runners that are alive or coming up at the same time. */
  readonly maximumRunners: number;
  /** Between two launches. */
  readonly coolDownMilliseconds: number;
}
