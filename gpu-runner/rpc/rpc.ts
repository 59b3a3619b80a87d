/** Calls between two threads or two processes: each side serves calls by name, asks the other's, and notifies it. */
import type { ChildProcess } from 'node:child_process';
import type { MessagePort, Worker } from 'node:worker_threads';
import { messageOf } from '../../shared/caught.ts';
import { UserError } from '../../shared/user-error.ts';

/** One end of a channel whose messages arrive whole and in order. */
interface Port {
  /** @param moved memory that leaves this thread; a process copies it instead */
  post(message: Message, moved: readonly ArrayBuffer[]): void;
  listen(receive: (message: Message) => void): void;
}

/** What a side serves: functions of one argument by name. Arguments and answers are of what structured clones keep. */
export type Served<Calls> = { readonly [Name in keyof Calls]: (asked: never) => unknown };

export type Asked<Call> = Call extends (asked: infer Given) => unknown ? Given : never;
export type Answer<Call> = Call extends (asked: never) => infer Given ? Awaited<Given> : never;

/** An answer whose memory moves to the other side without a copy, where the channel can. */
export class Moved<Result> {
  readonly result: Result;
  readonly buffers: readonly ArrayBuffer[];

  constructor(result: Result, buffers: readonly ArrayBuffer[]) {
    this.result = result;
    this.buffers = buffers;
  }
}

export type Handlers<Calls> = {
  readonly [Name in keyof Calls]: (
    asked: Asked<Calls[Name]>,
  ) =>
    | Answer<Calls[Name]>
    | Moved<Answer<Calls[Name]>>
    | Promise<Answer<Calls[Name]> | Moved<Answer<Calls[Name]>>>;
};

/** What the other side threw: everything of a UserError, and of any other error its message. */
interface Refusal {
  readonly message: string;
  readonly code?: string;
  readonly cure?: string | undefined;
  readonly retryable?: boolean;
}

type Message =
  | {
      readonly name: string;
      readonly asked: unknown;
      /** Absent: nothing is answered. */ readonly id?: number;
    }
  | { readonly answered: number; readonly answer: unknown }
  | { readonly answered: number; readonly refusal: Refusal };

/** The calls `Theirs` of the other side, and `Ours` served to it. */
export class Rpc<Theirs extends Served<Theirs>, Ours extends Served<Ours>> {
  readonly #port: Port;
  readonly #handlers: Handlers<Ours>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;
  #ended: Error | undefined;

  constructor(port: Port, handlers: Handlers<Ours>) {
    this.#port = port;
    this.#handlers = handlers;
    port.listen((message) => this.#receive(message));
  }

  /**
   * @param moved memory of `asked` that moves to the other side without a copy, where the channel can
   * @throws UserError where the other side threw one, with its code, cure and whether to try again; Error with the message
   *   of anything else that it threw; what {@link end} was given once the channel has ended
   */
  async call<Name extends keyof Theirs & string>(
    name: Name,
    asked: Asked<Theirs[Name]>,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<Answer<Theirs[Name]>> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#calls++;
    const answer = Promise.withResolvers<unknown>();
    // What cannot be sent throws here, and nobody waits for its answer.
    this.#port.post({ id, name, asked }, moved);
    this.#waiting.set(id, answer);
    return (await answer.promise) as Answer<Theirs[Name]>;
  }

  /** Tells the other side something that it does not answer. */
  notify<Name extends keyof Theirs & string>(name: Name, asked: Asked<Theirs[Name]>): void {
    this.#port.post({ name, asked }, []);
  }

  /** The other side is gone, or shall answer no more: every call that waits is refused with `reason`, and all later ones. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  #receive(message: Message): void {
    if ('name' in message) {
      void this.#serve(message.name, message.asked, message.id);
      return;
    }
    const waiting = this.#waiting.get(message.answered);
    this.#waiting.delete(message.answered);
    if ('refusal' in message) waiting?.reject(thrown(message.refusal));
    else waiting?.resolve(message.answer);
  }

  /** A handler of a notification has nobody to tell of its error: that ends the process as any fault does. */
  async #serve(name: string, asked: unknown, id: number | undefined): Promise<void> {
    const handle = this.#handlers[name as keyof Ours] as (asked: unknown) => unknown;
    if (id === undefined) {
      await handle(asked);
      return;
    }
    try {
      const answer = await handle(asked);
      const isMoved = answer instanceof Moved;
      this.#port.post(
        { answered: id, answer: isMoved ? answer.result : answer },
        isMoved ? answer.buffers : [],
      );
    } catch (error) {
      this.#port.post({ answered: id, refusal: refusalOf(error) }, []);
    }
  }
}

function refusalOf(error: unknown): Refusal {
  const message = messageOf(error);
  if (!(error instanceof UserError)) return { message };
  const { code, cure, retryable } = error;
  return { message, code, cure, retryable };
}

function thrown({ message, code, cure, retryable = false }: Refusal): Error {
  if (code === undefined) return new Error(message);
  // The message has the cure already.
  return Object.assign(new UserError(message, { code, retryable }), { cure });
}

/** A worker thread as its starter sees it, or `parentPort` as the thread does. */
export function threadPort(port: Worker | MessagePort): Port {
  return {
    post: (message, moved) => port.postMessage(message, moved),
    listen: (receive) => void port.on('message', receive),
  };
}

/** A child process with a channel of `advanced` serialisation, or `process` as the child sees it. */
export function processPort(side: ChildProcess | NodeJS.Process): Port {
  // What a process that has just ended was still to be told goes nowhere: its end is told by its `exit` event.
  const drop = (): void => {};
  return {
    post: (message) => void side.send?.(message, undefined, {}, drop),
    listen: (receive) => void side.on('message', receive),
  };
}
