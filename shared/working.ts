/**
 * Whether a process gets on: what does long work tells of every piece that it has done, and who waits hears of it.
 *
 * It stands at the doors of the engine and of files, so that no algorithm can forget it.
 */

/** Pieces may be microseconds apart. */
const TELL_EVERY_MILLISECONDS = 1000;

let listener: (() => void) | undefined;
let toldAt = Number.NEGATIVE_INFINITY;

/** Calls something at the first piece of work, and then at most every second. */
export function onWork(listen: () => void): void {
  listener = listen;
}

/** A piece of work is done: a run of the engine, a block of a file, an answer of a server. */
export function worked(): void {
  if (listener === undefined) return;
  const now = performance.now();
  if (now - toldAt < TELL_EVERY_MILLISECONDS) return;
  toldAt = now;
  listener();
}
