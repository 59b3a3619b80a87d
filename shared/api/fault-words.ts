/**
 * What is said of a value that a schema refuses and says no words of its own about: the fault, and what to give instead.
 * Loaded once, it holds for every schema of the program.
 */
import { z } from 'zod';
import { counted } from '../text/counted.ts';

type Raw = z.core.$ZodRawIssue;

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object with fields',
  record: 'an object with fields',
  array: 'a list',
  tuple: 'a list',
  null: 'null',
};

const nounOf = (type: string) => NOUNS[type] ?? type;

/** What there is, in words: never the value itself, which may be long or nobody else's affair. */
function given(input: unknown): string {
  if (input === undefined) return 'is missing';
  if (input === null) return 'is null';
  if (typeof input === 'number') return Number.isNaN(input) ? 'is no number' : `is ${input}`;
  if (typeof input === 'boolean') return `is ${input}`;
  if (Array.isArray(input)) return 'is a list';
  return `is ${nounOf(typeof input)}`;
}

const UNITS: Readonly<Record<string, string>> = {
  string: 'character',
  array: 'entry',
  map: 'entry',
  set: 'entry',
  file: 'byte',
};

const amount = (count: number, unit: string) =>
  unit === 'entry' && count !== 1 ? `${count} entries` : counted(count, unit);

/** How many there are of what a limit counts. */
function sizeOf(input: unknown): number | undefined {
  return typeof input === 'string' || Array.isArray(input) ? input.length : undefined;
}

function outOfRange(
  { origin, input }: { origin: string; input?: unknown },
  limit: number | bigint,
  words: {
    /** The limit itself is allowed. */
    readonly inclusive: boolean;
    readonly side: 'more' | 'less';
  },
): string {
  const unit = UNITS[origin];
  if (unit === undefined) {
    const range = words.inclusive ? `${limit} or ${words.side}` : `${words.side} than ${limit}`;
    return `${given(input)}; give ${range}`;
  }
  const size = sizeOf(input);
  const has = size === undefined ? '' : size === 0 ? 'is empty; ' : `has ${amount(size, unit)}; `;
  return `${has}give ${words.side === 'more' ? 'at least' : 'at most'} ${amount(Number(limit), unit)}`;
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'an id as the API answers it, such as 019ab0e7-6c00-7000-8000-000000000000',
  url: 'an address such as https://somewhere.example',
  email: 'an email address',
  datetime: 'a date and time such as 2026-11-30T12:00:00Z',
};

function listed(values: readonly string[]): string {
  const last = values.at(-1) ?? '';
  return values.length < 2 ? last : `${values.slice(0, -1).join(', ')} or ${last}`;
}

/** Of a value that is none of several forms: what those say that are of its type, else which types there are. */
function noneOf(forms: readonly (readonly z.core.$ZodIssue[])[], input: unknown): string {
  const firsts = forms.flatMap(([first]) => first ?? []);
  const fitting = firsts.filter(({ code, path }) => code !== 'invalid_type' && path.length === 0);
  if (fitting.length > 0) return [...new Set(fitting.map(({ message }) => message))].join('; or ');
  const types = firsts.flatMap((issue) =>
    issue.code === 'invalid_type' && issue.path.length === 0 ? [nounOf(issue.expected)] : [],
  );
  return types.length > 0 ? `${given(input)}; give ${listed([...new Set(types)])}` : FALLBACK;
}

const FALLBACK = 'is not as it must be; see the reference';

function faultWords(issue: Raw): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'never') return 'is not taken here; leave it out';
      return `${given(issue.input)}; give ${nounOf(issue.expected)}`;
    case 'invalid_value': {
      const values = issue.values.map((value) => (value === '' ? 'an empty text' : String(value)));
      return `${issue.input === undefined ? 'is missing' : 'is not known'}; give ${listed(values)}`;
    }
    case 'too_small':
      return outOfRange(issue, issue.minimum, { inclusive: issue.inclusive ?? true, side: 'more' });
    case 'too_big':
      return outOfRange(issue, issue.maximum, { inclusive: issue.inclusive ?? true, side: 'less' });
    case 'not_multiple_of':
      return `${given(issue.input)}; give a multiple of ${issue.divisor}`;
    case 'invalid_format': {
      const format = FORMATS[issue.format.replace(/v\d$/, '')];
      return `does not have the form it must have; give ${format ?? `what matches ${issue.pattern ?? issue.format}`}`;
    }
    case 'unrecognized_keys':
      return `has ${issue.keys.length === 1 ? 'a field that is' : 'fields that are'} not known: ${issue.keys.join(', ')}; leave out what is not known`;
    case 'invalid_key':
      return `has a key that cannot be: it ${issue.issues[0]?.message ?? FALLBACK}`;
    case 'invalid_element':
      return `has an entry that cannot be: it ${issue.issues[0]?.message ?? FALLBACK}`;
    case 'invalid_union':
      return issue.errors.length === 0 && 'options' in issue && Array.isArray(issue.options)
        ? `is not known; give ${listed(issue.options.map(String))}`
        : noneOf(issue.errors, issue.input);
    case 'custom':
    default:
      return FALLBACK;
  }
}

z.config({ customError: faultWords });
