/** Lines of a long stage: how far it is, what it measured, and when it ends by the clock. */

import { clockTime } from '../../../shared/clock-time.ts';

/**
 * Says a line for every fiftieth part of a stage.
 *
 * @returns to be called with what is done, of how much, and the numbers of that step
 */
export function stageLine(
  stage: string,
  say: (line: string) => void,
): (done: number, total: number, nats?: number, tokensPerSecond?: number) => void {
  let first: { readonly done: number; readonly time: number } | undefined;
  let said = 0;
  return (done, total, nats, tokensPerSecond) => {
    first ??= { done, time: Date.now() };
    const part = Math.floor((50 * done) / total);
    if (part === said && done < total) return;
    said = part;
    const each = (Date.now() - first.time) / Math.max(1, done - first.done);
    const end = Date.now() + each * (total - done);
    const figures = [
      ...(nats === undefined ? [] : [`${nats.toFixed(4)} nats per token`]),
      ...(tokensPerSecond === undefined ? [] : [`${tokensPerSecond.toFixed(0)} tokens/s`]),
      ...(done === first.done || done === total ? [] : [`ends ${clockTime(end)}`]),
    ];
    say([`${stage}: ${done} of ${total}`, ...figures].join(', '));
  };
}
