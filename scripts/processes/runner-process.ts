/** A runner as a child process. */
import { join } from 'node:path';
import { startChild, type Child } from './child.ts';
import { modelSources } from './model-sources.ts';

interface RunnerOptions {
  /** Where it reaches the edge. */
  readonly url: string;
  readonly key: string;
  /** Its name, and the folder of its cache and log under `dataFolder`. */
  readonly name: string;
  readonly dataFolder: string;
  /**
   * What the command line named as models, `bundled` and hub ids among them: it may open the files and folders of these,
   * and the hub, unless its operator says otherwise by RLCD_MODEL_SOURCES.
   */
  readonly models?: readonly string[];
  /** Address at which it serves models to clients of the edge; left out, it serves none. */
  readonly serveUrl?: string | undefined;
  /** Modules loaded before it, as URLs. */
  readonly preload?: readonly string[];
  /** Further variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a runner; it claims tasks until it is stopped. */
export function startRunner({
  url,
  key,
  name,
  dataFolder,
  models = [],
  serveUrl,
  preload = [],
  environment = {},
}: RunnerOptions): Child {
  return startChild({
    name: `the runner ${name}`,
    program: 'gpu-runner/main.ts',
    environment: {
      RLCD_MODEL_SOURCES: modelSources(models),
      ...(serveUrl !== undefined && { RLCD_SERVE_URL: serveUrl }),
      ...environment,
      RLCD_EDGE_URL: url,
      RLCD_RUNNER_KEY: key,
      RLCD_RUNNER_NAME: name,
      RLCD_CACHE: join(dataFolder, name),
    },
    logFile: join(dataFolder, `${name}.log`),
    preload,
  });
}
