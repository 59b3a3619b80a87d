/** Parsers of option values: what they throw is told with the option's name. */
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { z } from 'zod';

/** A whole number in a range, both ends included. */
export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Give a whole number from ${minimum} to ${maximum}`);
  };
}

/** A number above zero, such as 1e-3. */
export function positiveNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new InvalidArgumentError('Give a number above 0');
}

const SECONDS = { s: 1, m: 60, min: 60, h: 3600 } as const;

/** A time such as 90s, 30m or 1.5h, in seconds. */
export function timeSpan(text: string): number {
  const { amount, unit } = /^(?<amount>\d{1,6}(?:\.\d{1,3})?) ?(?<unit>s|m|min|h)$/.exec(text)?.groups ?? {};
  const seconds = Number(amount) * SECONDS[unit as keyof typeof SECONDS];
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError('Give a time such as 30m, 90s or 1.5h');
}

/** JSON of a form. */
export function jsonOf<Form extends z.ZodType>(form: Form) {
  return (text: string): z.output<Form> => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new InvalidArgumentError(`Give JSON: ${(error as Error).message}`);
    }
    const parsed = form.safeParse(value);
    if (!parsed.success) throw new InvalidArgumentError(z.prettifyError(parsed.error));
    return parsed.data;
  };
}
