/** The fields of a schema as rows of a table, those of schemas inside it by their path. */
import type { Schema } from './document.ts';

export interface FieldRow {
  /** `principle.name`, or `items[].id`. */
  readonly name: string;
  /** `path`, `query`, `header`, `body`, or the status of an answer. */
  readonly place: string;
  readonly type: string;
  /** The named schema that it is, or holds. */
  readonly refersTo: string | undefined;
  readonly isRequired: boolean;
  readonly description: string;
  /** As JSON; undefined where it has none. */
  readonly default: string | undefined;
}

/** `#/components/schemas/Task` -> `Task`. */
const nameOf = (reference: string) => reference.split('/').at(-1) ?? '';

/** The forms that a schema may have, without null. */
function formsOf({ anyOf, oneOf, allOf }: Schema): readonly Schema[] {
  return (anyOf ?? oneOf ?? allOf ?? []).filter(({ type }) => type !== 'null');
}

/** The named schema that a field is, a list of, or one of. */
export function referenceOf(schema: Schema): string | undefined {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.items) return referenceOf(schema.items);
  return formsOf(schema).map(referenceOf).find(Boolean);
}

/** What a value may be, in words: `integer`, `list of string`, `"train" or "dev"`. */
export function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.items) return `list of ${typeText(schema.items)}`;
  const types = [schema.type ?? []].flat();
  const forms = schema.anyOf ?? schema.oneOf ?? [];
  const texts = [...new Set([...types, ...forms.map(typeText)])].filter(Boolean);
  return [texts.join(' or ') || 'any value', rangeText(schema)].filter(Boolean).join(', ');
}

function rangeText({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `from ${minimum}`;
  return maximum === undefined ? '' : `up to ${maximum}`;
}

/** Objects inside that have no name of their own. */
function innerOf(schema: Schema): readonly (readonly [suffix: string, schema: Schema])[] {
  if (schema.properties) return [['', schema]];
  if (schema.items) return innerOf(schema.items).map(([suffix, inner]) => [`[]${suffix}`, inner] as const);
  return formsOf(schema).flatMap((form) => innerOf(form));
}

/**
 * @param place where the schema stands: `body`, or the status of an answer
 * @param prefix the path of the schema itself, empty at the top
 */
export function fieldRows(schema: Schema, place: string, prefix = ''): FieldRow[] {
  const rows: FieldRow[] = [];
  for (const [suffix, { properties = {}, required = [] }] of innerOf(schema)) {
    for (const [field, form] of Object.entries(properties)) {
      const base = `${prefix}${suffix}`;
      const name = base === '' ? field : `${base}.${field}`;
      rows.push(fieldRow(name, place, form, required.includes(field)), ...fieldRows(form, place, name));
    }
  }
  return rows;
}

/** The row of one field, or of a parameter. */
export function fieldRow(name: string, place: string, schema: Schema, isRequired: boolean): FieldRow {
  return {
    name,
    place,
    type: typeText(schema),
    refersTo: referenceOf(schema),
    isRequired,
    description: schema.description ?? '',
    default: schema.default === undefined ? undefined : JSON.stringify(schema.default),
  };
}
