/** A launcher for one machine: a runner is a child process of the edge, and ends with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageWithCause } from '../../shared/caught.ts';
import type { Launcher } from '../orchestration/launch/launcher.ts';
import { LastWords } from './last-words.ts';

const RUNNER = fileURLToPath(new URL('../../gpu-runner/main.ts', import.meta.url));

export interface LocalProcesses {
  readonly launcher: Launcher;
  /** Asks every runner to drain and end. */
  stop(): void;
}

export interface LocalRunner {
  /** Where the edge answers. */
  readonly edgeUrl: string;
  /** A key of the scope `runner` that is good now; asked for at every launch. */
  readonly key: () => Promise<string>;
  /** Told of a runner that ended in any other way than by itself or by {@link LocalProcesses.stop}. */
  readonly onFailed: (launchId: string, reason: string) => Promise<void>;
  /** Runs under this Node; the product's runner unless a test says otherwise. */
  readonly script?: string;
}

/** Goes when there is no work. */
const IDLE_SECONDS = 120;

/** What the operator of this machine lets its runners do, whoever starts them. */
const RUNNERS_LIMITS = new Set([
  'RLCD_MODEL_SOURCES',
  'RLCD_SERVED_HOSTS',
  'RLCD_DOWNLOAD_LIMIT_GB',
  'RLCD_CACHE_LIMIT_GB',
]);

/** The edge's own settings, its administrator's key among them, are not for its children. */
function variablesForRunners(): NodeJS.ProcessEnv {
  const isForThem = (name: string) => !name.startsWith('RLCD_') || RUNNERS_LIMITS.has(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isForThem(name)));
}

export function createLocalProcesses({
  edgeUrl,
  key,
  onFailed,
  script = RUNNER,
}: LocalRunner): LocalProcesses {
  const children = new Set<ChildProcess>();
  let isStopping = false;
  return {
    launcher: {
      name: 'local-process',
      async launch({ launchId }) {
        const env = {
          ...variablesForRunners(),
          RLCD_EDGE_URL: edgeUrl,
          RLCD_RUNNER_KEY: await key(),
          RLCD_RUNNER_NAME: `local-${launchId.slice(-12)}`,
          RLCD_LAUNCH_ID: launchId,
          RLCD_IDLE_SECONDS: String(IDLE_SECONDS),
        };
        const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'inherit', 'pipe'] });
        const lastWords = new LastWords(env);
        child.stderr.on('data', (chunk: Buffer) => {
          process.stderr.write(chunk);
          lastWords.hear(chunk);
        });
        const error = await new Promise<Error | undefined>((resolve) => {
          child.once('spawn', () => resolve(undefined));
          child.once('error', resolve);
        });
        if (error) return { outcome: 'failed', reason: error.message };
        children.add(child);
        child.once('exit', () => children.delete(child));
        // When its standard error has ended, too: the last that it said may come after its end.
        child.once('close', (code, signal) => {
          if (code === 0 || isStopping) return;
          const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
          const why = lastWords.line ?? 'it said nothing on its standard error';
          const reason = `process ${child.pid} ended ${how}: ${why}`;
          onFailed(launchId, reason).catch((fault: unknown) =>
            console.error(`Launch ${launchId}: ${reason}; not written down: ${messageWithCause(fault)}`),
          );
        });
        return { outcome: 'launched', reason: `process ${child.pid}` };
      },
    },
    stop() {
      isStopping = true;
      for (const child of children) child.kill('SIGTERM');
    },
  };
}
