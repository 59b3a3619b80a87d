/** Field forms that several resources share. */
import { z } from 'zod';

/** Text that every store and every client keeps unchanged: no NUL, no lone surrogate. */
export const text = (maximumLength: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(maximumLength, `may have ${maximumLength} characters at most`)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      error: 'must be well-formed Unicode without the NUL character',
    });

/** A name that is also a path segment. */
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'must be 1 to 100 of a-z, 0-9, dot, hyphen, underscore')
  .meta({ examples: ['kind-stories'] });

/** A record of at most so many entries; the edge counts them before it looks at one. */
export const entries = <Key extends z.core.$ZodRecordKey, Value extends z.core.SomeType>(
  key: Key,
  value: Value,
  maximumEntries: number,
) =>
  z
    .record(key, value)
    .refine((record) => Object.keys(record).length <= maximumEntries, {
      error: `may have ${maximumEntries} entries`,
    })
    .meta({ maxProperties: maximumEntries });

export const identifier = z.uuidv7().meta({ examples: ['019ab0e7-6c00-7000-8000-000000000000'] });

export const instant = z.int().nonnegative().describe('Milliseconds since the epoch, UTC');

export const creator = z
  .object({
    id: z.string().describe('Its id; `bootstrap` is the key of the environment'),
    name: z.string().describe('What it was called then'),
  })
  .nullable()
  .describe('The key that made it; null where the edge did, or before it kept this');
export type Creator = z.infer<typeof creator>;

/** How a label came to where it points. */
export const labelMove = z
  .object({
    label: z.string().describe("The label's name"),
    movedAt: instant.describe('When it was moved there: milliseconds since the epoch, UTC'),
    movedBy: creator.describe('The key that moved it there; null where the edge did, or before it kept this'),
  })
  .meta({ id: 'LabelMove', description: 'How a label came to where it points' });

export const positiveInteger = z.int().positive();
