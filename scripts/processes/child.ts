/** A child process that never outlives this one, with its output in a file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../shared/user-error.ts';

const END_WITH_PARENT = new URL('./end-with-parent.ts', import.meta.url).href;
export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const GRACE_MILLISECONDS = 15_000;
const TAIL_LINES = 15;

/** How a process ended: its exit code, or the signal that killed it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  /** What it is called in messages: `the edge`. */
  readonly name: string;
  /** The program, from the root of the repository: `edge/serve.ts`. */
  readonly program: string;
  /** Its command line. */
  readonly words?: readonly string[];
  /** Set beside this process's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its output is appended here. */
  readonly logFile: string;
  /** Modules loaded before the program, as URLs. */
  readonly preload?: readonly string[];
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when it has ended. */
  readonly exited: Promise<Exit>;
  /** Undefined while it runs. */
  exit(): Exit | undefined;
  kill(signal: NodeJS.Signals): void;
  /** A message for its code that listens to `process`; lost where it has ended. */
  send(message: object): void;
  /** Asks it to end, kills it after 15 s, and resolves when it has ended. */
  stop(): Promise<Exit>;
}

/** A child ended that should have run on; the message holds the end of its output. */
export class ChildEndedError extends UserError {
  override readonly name = 'ChildEndedError';
  override readonly code = 'child-ended';

  constructor({ name, logFile }: Pick<Child, 'name' | 'logFile'>, { code, signal }: Exit) {
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    super(`${name} ended ${how}; the end of its log ${logFile}:\n${logTail(logFile)}`);
  }
}

/** The last lines of a log, indented. */
export function logTail(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
  return lines.map((line) => `  ${line}`).join('\n');
}

/** Starts a program of this repository under Node. */
export function startChild({
  name,
  program,
  environment,
  logFile,
  words = [],
  preload = [],
}: ChildOptions): Child {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const imports = [END_WITH_PARENT, ...preload].flatMap((url) => ['--import', url]);
  const child = spawn(process.execPath, [...imports, program, ...words], {
    cwd: REPOSITORY,
    env: { ...process.env, ...environment },
    // Ctrl-C of a terminal reaches whole groups: in one of its own a child ends when it is asked to, in the order that is right.
    detached: true,
    // Its end tells the child that this process is gone.
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const { pid } = child;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  if (pid === undefined) throw new Error(`${name} could not be started: ${process.execPath} ${program}`);
  return {
    name,
    pid,
    logFile,
    exited,
    exit: () => exitOf(child),
    kill: (signal) => child.kill(signal),
    send: (message) => {
      // Whoever sends it learns of the end as everybody does: by `exited`.
      if (child.connected) child.send(message, () => {});
    },
    stop: () => stop(child, exited),
  };
}

/** Stops what was started last first: a runner tells the edge what it hands back, and the edge is there to hear it. */
export async function stopAll(children: readonly Child[]): Promise<void> {
  for (const child of children.toReversed()) await child.stop();
}

function exitOf({ exitCode, signalCode }: ChildProcess): Exit | undefined {
  return exitCode === null && signalCode === null ? undefined : { code: exitCode, signal: signalCode };
}

async function stop(child: ChildProcess, exited: Promise<Exit>): Promise<Exit> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MILLISECONDS);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}
