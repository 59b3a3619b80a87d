/** The fields of a schema as rows of a table, those of schemas inside it by their path. */
import type { Schema } from './document.ts';

interface FieldRow {
  /** `principle.name`, or `items[].id`. */
  readonly path: string;
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
  const [range] = [rangeText(schema)].filter(Boolean);
  const text = texts.join(' or ') || 'any value';
  return range === undefined ? text : `${text}, ${range}`;
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

/** @param prefix the path of the schema itself, empty at the top */
export function fieldRows(schema: Schema, prefix = ''): FieldRow[] {
  return innerOf(schema).flatMap(([suffix, { properties = {}, required = [] }]) =>
    Object.entries(properties).flatMap(([name, field]) => {
      const base = `${prefix}${suffix}`;
      const path = base === '' ? name : `${base}.${name}`;
      const row: FieldRow = {
        path,
        type: typeText(field),
        refersTo: referenceOf(field),
        isRequired: required.includes(name),
        description: field.description ?? '',
        default: field.default === undefined ? undefined : JSON.stringify(field.default),
      };
      return [row, ...fieldRows(field, path)];
    }),
  );
}
