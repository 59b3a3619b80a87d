/** What stands at a tick of an axis: its value, with as many digits as tell it from its neighbours. */
import { count } from './format.ts';

const MOST_DIGITS = 8;

/** @param increment from one tick to the next */
export function tickText(value: number, increment: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e7 || size < 1e-4) return powerOfTen(value, increment);
  const digits = Array.from({ length: MOST_DIGITS }, (_, power) => power).find((power) => {
    const scaled = increment * 10 ** power;
    return Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled;
  });
  if (digits === 0) return count(value);
  return Number(value.toFixed(digits ?? MOST_DIGITS)).toString();
}

/** `1.8e-6`, which stands beside an axis where `0.0000018` does not. */
function powerOfTen(value: number, increment: number): string {
  const digits = Array.from({ length: MOST_DIGITS }, (_, power) => power).find(
    (power) => Math.abs(Number(value.toExponential(power)) - value) < 1e-6 * increment,
  );
  return value.toExponential(digits ?? MOST_DIGITS).replace('e+', 'e');
}
