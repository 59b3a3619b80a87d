/**
 * Counts before elements: how many values a JSON body holds is known before it is parsed, and how long each of its lists
 * is before one of its elements is looked at. A body of millions of small values would else hold everyone up.
 */
import { z } from 'zod';
import type { FieldError } from '../../shared/api/field-errors.ts';
import { fromIssues, invalidRequest } from '../domain/errors.ts';

/** What is read of a JSON schema here. */
interface Form {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Form>>;
  readonly anyOf?: readonly Form[];
  readonly oneOf?: readonly Form[];
  readonly properties?: Readonly<Record<string, Form>>;
  readonly additionalProperties?: Form | boolean;
  readonly maxProperties?: number;
  readonly items?: Form;
  readonly maxItems?: number;
}

type Path = readonly (string | number)[];
type Issue = Parameters<typeof fromIssues>[1][number];
/** Every list and record that is too long. */
type Check = (value: unknown, path: Path) => Issue[];

export interface Counts {
  /** @throws DomainError where a text of JSON holds more values than any body of this form */
  readonly beforeParsing: (text: string) => void;
  /** @throws DomainError naming every list or record with more entries than it may have */
  readonly beforeReading: (value: unknown) => void;
}

/** A few fields that the form does not know are told by their names. */
const ROOM_FOR_UNKNOWN = 100;

/** @param body the form of a JSON body */
export function countsOf(body: z.ZodType): Counts {
  const root = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' }) as Form;
  const most = mostValues(root, root);
  const check = checkOf(root, root);
  return {
    beforeParsing(text) {
      // A value takes two bytes at the least.
      if (text.length / 2 <= most + ROOM_FOR_UNKNOWN) return;
      const found = countValues(text);
      if (found <= most + ROOM_FOR_UNKNOWN) return;
      const fault: FieldError = {
        in: 'body',
        pointer: '#',
        detail: `holds ${found} values, and no request of this kind needs more than ${most}: send fewer at once`,
      };
      throw invalidRequest([fault]);
    },
    beforeReading(value) {
      const issues = check?.(value, []) ?? [];
      if (issues.length > 0) throw fromIssues('body', issues);
    },
  };
}

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const COMMA = ','.charCodeAt(0);
const OPENINGS = new Set(['[', '{'].map((mark) => mark.charCodeAt(0)));

/** At least as many as there are in a text of JSON, objects and lists among them; never parses. */
function countValues(text: string): number {
  let values = 1;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    if (unit === COMMA || OPENINGS.has(unit)) values += 1;
    else if (unit === QUOTE) {
      place = endOfString(text, place);
      if (place < 0) return values;
    }
  }
  return values;
}

/** @returns the place of the quote that ends the string; -1 where none does */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  return -1;
}

function resolve(form: Form, root: Form): Form {
  const name = form.$ref?.replace('#/$defs/', '');
  return name === undefined ? form : (root.$defs?.[name] ?? root);
}

/** How many values a document of the form can hold; infinite where it may hold anything. */
function mostValues(given: Form, root: Form): number {
  const form = resolve(given, root);
  const choices = form.anyOf ?? form.oneOf;
  if (choices) return Math.max(...choices.map((choice) => mostValues(choice, root)));
  if (form.items)
    return form.maxItems === 0 ? 1 : 1 + (form.maxItems ?? Infinity) * mostValues(form.items, root);
  const { properties, additionalProperties: others } = form;
  if (properties === undefined && others === undefined) return form.type === undefined ? Infinity : 1;
  const fields = Object.values(properties ?? {}).reduce((sum, field) => sum + mostValues(field, root), 1);
  return typeof others === 'object'
    ? fields + (form.maxProperties ?? Infinity) * mostValues(others, root)
    : fields;
}

/** @returns undefined where nothing of the form can be too long */
function checkOf(given: Form, root: Form): Check | undefined {
  const form = resolve(given, root);
  const choices = form.anyOf ?? form.oneOf;
  if (choices) return checkOfChoices(choices, root);
  if (form.items) return checkOfList(form, form.items, root);
  return checkOfObject(form, root);
}

/** Too long for each choice that takes such a value at all. */
function checkOfChoices(choices: readonly Form[], root: Form): Check | undefined {
  const checks = choices.map((choice) => ({
    takes: kindOf(resolve(choice, root)),
    check: checkOf(choice, root),
  }));
  if (checks.every(({ check }) => check === undefined)) return undefined;
  return (value, path) => {
    const kind = Array.isArray(value) ? 'list' : 'object';
    const fitting = checks.filter(({ takes }) => takes === undefined || takes === kind);
    const found = fitting.map(({ check }) => check?.(value, path) ?? []);
    return found.some((issues) => issues.length === 0) ? [] : (found[0] ?? []);
  };
}

/** undefined: anything. */
function kindOf({ items, properties, additionalProperties, type, anyOf, oneOf }: Form): string | undefined {
  if (items) return 'list';
  if (properties ?? additionalProperties) return 'object';
  return anyOf || oneOf || type === undefined ? undefined : 'scalar';
}

function checkOfList({ maxItems = Infinity }: Form, items: Form, root: Form): Check {
  const check = checkOf(items, root);
  return (value, path) => {
    if (!Array.isArray(value)) return [];
    if (value.length > maxItems) return [tooMany(path, value.length, maxItems)];
    return check ? value.flatMap((item, index) => check(item, [...path, index])) : [];
  };
}

function checkOfObject(form: Form, root: Form): Check | undefined {
  const { properties = {}, additionalProperties, maxProperties } = form;
  const fields = Object.entries(properties).flatMap(([name, field]) => {
    const check = checkOf(field, root);
    return check ? [{ name, check }] : [];
  });
  const others = typeof additionalProperties === 'object' ? checkOf(additionalProperties, root) : undefined;
  if (fields.length === 0 && !others && maxProperties === undefined) return undefined;
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const entries = Object.entries(value);
    if (maxProperties !== undefined && entries.length > maxProperties) {
      return [tooMany(path, entries.length, maxProperties)];
    }
    const known = fields.flatMap(({ name, check }) =>
      Object.hasOwn(value, name) ? check((value as Record<string, unknown>)[name], [...path, name]) : [],
    );
    if (!others) return known;
    return [...known, ...entries.flatMap(([name, entry]) => others(entry, [...path, name]))];
  };
}

function tooMany(path: Path, found: number, most: number): Issue {
  return {
    code: 'custom',
    path: [...path],
    message: `has ${found} entries, and may have ${most}`,
    input: undefined,
  };
}
