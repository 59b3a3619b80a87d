/** Parsers of option values: what they throw is told with the option's name. */
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { z } from 'zod';
import { readTimeSpan, TIME_SPAN_CURE } from '../time-span.ts';

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

/** A time such as 90s, 30m or 1.5h, in seconds. */
export function timeSpan(text: string): number {
  const seconds = readTimeSpan(text);
  if (seconds !== undefined) return seconds;
  throw new InvalidArgumentError(TIME_SPAN_CURE);
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

/** Names from a list, with commas between them, each once. */
export function namesOf<Name extends string>(names: readonly Name[]) {
  return (text: string): Name[] => {
    const given = text.split(',').map((name) => name.trim());
    const known = given.flatMap((name) => names.find((one) => one === name) ?? []);
    const unknown = given.find((name) => !names.some((one) => one === name));
    if (unknown !== undefined) {
      throw new InvalidArgumentError(`There is no "${unknown}"; give some of ${names.join(',')}`);
    }
    return [...new Set(known)];
  };
}
