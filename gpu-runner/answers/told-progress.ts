/** Lines about how far some work is and when it will have ended. */
import { clockTime } from '../../shared/clock-time.ts';

/** Often enough to see it move. */
const LINE_EVERY_MILLISECONDS = 10_000;

/** @param share of the whole work, 0 to 1 @param text what was done last */
export type TellProgress = (share: number, text: string) => void;

/**
 * Tells every ten seconds and at the end. The end by the clock takes the rest to be as fast as what is done.
 *
 * @param write takes a line; standard error unless given
 * @param now milliseconds since the epoch
 */
export function progressTeller(
  write: (line: string) => void = console.error,
  now: () => number = Date.now,
): TellProgress {
  const startedAt = now();
  let toldAt = startedAt;
  return (share, text) => {
    const time = now();
    if (share < 1 && time - toldAt < LINE_EVERY_MILLISECONDS) return;
    toldAt = time;
    const end = startedAt + (time - startedAt) / share;
    const ends = share > 0 && share < 1 ? `  ends ${clockTime(end, time)}` : '';
    write(`${text}  ${Math.floor(100 * share)} %${ends}`);
  };
}
