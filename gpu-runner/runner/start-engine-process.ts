/** Starts a process in which the engine works: calls both ways, its log joined to ours, gone the moment we are. */
import { type ChildProcess, fork } from 'node:child_process';
import { UserError } from '../../shared/user-error.ts';
import { type Handlers, processPort, Rpc, type Served } from '../rpc/rpc.ts';

/** The engine's process ended while it worked: the same work may succeed in a new one. */
class EngineEndedError extends UserError {
  override readonly name = 'EngineEndedError';
  override readonly code = 'engine-ended';
  override readonly retryable = true;
}

export interface EngineProcess<Theirs extends Served<Theirs>, Ours extends Served<Ours>> {
  readonly child: ChildProcess;
  readonly rpc: Rpc<Theirs, Ours>;
}

/**
 * @param program a file that opens the other end of the channel and watches the lifeline
 * @param ours what is served to it
 * @param onEnd called when it has ended; every call that waits is refused with an EngineEndedError by then
 */
export function startEngineProcess<Theirs extends Served<Theirs>, Ours extends Served<Ours>>(
  program: URL,
  words: readonly string[],
  ours: Handlers<Ours>,
  onEnd: () => void,
): EngineProcess<Theirs, Ours> {
  const child = fork(program, words, {
    serialization: 'advanced',
    // What the engine prints joins the runner's log; its standard output is nobody's.
    stdio: ['ignore', 2, 2, 'ipc', 'pipe'],
  });
  const rpc = new Rpc<Theirs, Ours>(processPort(child), ours);
  const end = (reason: EngineEndedError): void => {
    rpc.end(reason);
    onEnd();
  };
  child.once('error', (cause) => {
    end(new EngineEndedError(`the engine's process could not be started: ${cause.message}`, { cause }));
  });
  child.once('exit', (code, signal) => {
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const error = `the engine's process ended ${how}`;
    const cure =
      "Where the system's log tells of too little memory, give the runner more or take smaller batches";
    end(new EngineEndedError(error, signal === 'SIGKILL' ? { cure } : {}));
  });
  return { child, rpc };
}
