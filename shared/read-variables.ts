/** Environment variables: a program has one table of them, by which they are read, checked and explained. */
import { z } from 'zod';
import { firstIssue } from './first-issue.ts';
import { UserError } from './user-error.ts';

/** A variable is missing or wrong, or two of them contradict each other; the message names it and says what it needs. */
export class ConfigurationError extends UserError {
  override readonly name = 'ConfigurationError';
  override readonly code = 'bad-configuration';
}

interface Variable {
  /** What it is, in a line, with what holds where it is not set. */
  readonly help: string;
  /** Its messages say what the variable needs: `needs a folder`. */
  readonly schema: z.ZodType;
}

export type Variables = Readonly<Record<string, Variable>>;
export type Environment<Table extends Variables> = { readonly [Name in keyof Table]?: string | undefined };
export type Values<Table extends Variables> = {
  readonly [Name in keyof Table]: z.output<Table[Name]['schema']>;
};

/** Reads the variables of a table; an empty one counts as not set. @throws ConfigurationError naming every wrong one */
export function readVariables<const Table extends Variables>(
  variables: Table,
  environment: Environment<Table>,
): Values<Table> {
  const faults: string[] = [];
  const entries = Object.entries(variables).map(([name, { help, schema }]) => {
    const given = environment[name];
    const isSet = given !== undefined && given !== '';
    const parsed = schema.safeParse(isSet ? given : undefined);
    if (!parsed.success)
      faults.push(`${name} ${isSet ? firstIssue(parsed.error).fault : 'is not set'}: ${help}`);
    return [name, parsed.data];
  });
  if (faults.length > 0) throw new ConfigurationError(faults.join('; '));
  return Object.fromEntries(entries) as Values<Table>;
}

/** Every variable with what it is, for the section of `--help`. */
export function explainVariables(variables: Variables): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, { help }]) => [name, help]));
}

/** An http or https address, without its last slashes. Addresses stand in logs and errors, so that no secret may stand in one. */
export const httpAddress = z
  .url({ protocol: /^https?$/, error: 'needs an http or https address' })
  .refine((url) => !url.includes('@'), 'needs an address without a name or password')
  .transform((url) => url.replace(/\/+$/, ''));

/**
 * A key as an HTTP header can carry it. What reads one from a file often brings the line's end along, and a client that is
 * given that shows the key in its error: it is refused before, without the value.
 */
export const KEY_FAULT = 'needs a key of printable characters, without spaces and line ends';
export const apiKey = z.string().regex(/^[\x21-\x7e]+$/, KEY_FAULT);

/** The same for what signs: longer, for who sees a signature may try secrets against it. */
export const signingSecret = (minimumLength: number) =>
  apiKey.min(minimumLength, `needs at least ${minimumLength} characters`);

/** A whole number in a range. */
export function wholeNumber(minimum: number, maximum: number) {
  const error = `needs a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d+$/, error)
    .transform(Number)
    .pipe(z.int(error).min(minimum, error).max(maximum, error));
}
