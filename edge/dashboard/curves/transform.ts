/** Curves over something else than steps, and smoothed: what is drawn is computed here, out of what the API gives. */

/** x and y. By step as the API gives it. */
export type Point = readonly [x: number, value: number];
type Points = readonly Point[];

/**
 * An exponential moving average by step, so that points that were thinned out weigh nothing.
 *
 * @param weight of the past a step, from 0 (as it is) to below 1
 */
export function smoothed(points: Points, weight: number): Points {
  if (weight === 0) return points;
  let [average, last] = [0, 0];
  return points.map(([step, value], index) => {
    const kept = index === 0 ? 0 : weight ** (step - last);
    average = kept * average + (1 - kept) * value;
    last = step;
    return [step, average];
  });
}

/** The same values over another metric of the same steps, by rising x; a step at which that has no point is left out. */
export function over(points: Points, other: Points): Points {
  const at = new Map(other);
  return points
    .flatMap(([step, value]): Point[] => {
      const x = at.get(step);
      return x === undefined ? [] : [[x, value]];
    })
    .toSorted(([one], [two]) => one - two);
}

/**
 * Tokens that were sampled up to each step, from the first that is told.
 *
 * @param meanLength tokens a response, by step; from point to point it goes straight, where some were thinned out
 * @param responses of each step
 */
export function tokensUpTo(meanLength: Points, responses: number): Points {
  const [[first, start] = [0, 0]] = meanLength;
  let [tokens, last, before] = [0, first - 1, start];
  return meanLength.map(([step, length]) => {
    const steps = step - last;
    tokens += responses * (steps * before + ((length - before) * (steps + 1)) / 2);
    [last, before] = [step, length];
    return [step, tokens];
  });
}
