/** Values of a JSON schema, as arbitraries of fast-check: what the contract takes, at its borders and inside them. */
import * as fc from 'fast-check';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly examples?: readonly unknown[];
}

const LONGEST_TEXT = 60;
const LONGEST_ARRAY = 3;

function numbersOf(schema: JsonSchema): fc.Arbitrary<number> {
  const minimum = schema.minimum ?? schema.exclusiveMinimum ?? -1e9;
  const maximum = schema.maximum ?? schema.exclusiveMaximum ?? 1e9;
  if (schema.type === 'integer') {
    const low = Math.ceil(minimum) + (schema.exclusiveMinimum === undefined ? 0 : 1);
    return fc.integer({ min: Math.max(low, -(2 ** 31)), max: Math.min(Math.floor(maximum), 2 ** 31 - 1) });
  }
  const excluded = {
    minExcluded: schema.exclusiveMinimum !== undefined,
    maxExcluded: schema.exclusiveMaximum !== undefined,
  };
  return fc.double({ min: minimum, max: maximum, noNaN: true, ...excluded });
}

function textsOf(schema: JsonSchema): fc.Arbitrary<string> {
  const exampled = (schema.examples ?? []).filter((example) => typeof example === 'string');
  const own = schema.pattern
    ? fc.stringMatching(new RegExp(schema.pattern), { size: 'small' })
    : fc.string({
        minLength: schema.minLength ?? 0,
        maxLength: Math.max(schema.minLength ?? 0, Math.min(schema.maxLength ?? LONGEST_TEXT, LONGEST_TEXT)),
        unit: fc.oneof(
          fc.string({ minLength: 1, maxLength: 1 }),
          fc.constantFrom('é', '😀', '\u202e', "'", '"'),
        ),
      });
  return exampled.length > 0 ? fc.oneof(own, fc.constantFrom(...exampled)) : own;
}

function objectsOf(schema: JsonSchema, root: JsonSchema): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const fields = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, arbitraryOf(field, root)])),
    { requiredKeys: required.filter((name) => name in properties) },
  );
  if (typeof additionalProperties !== 'object') return fields;
  const more = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 8 }),
    arbitraryOf(additionalProperties, root),
    {
      maxKeys: 3,
    },
  );
  return fc.tuple(fields, more).map(([known, others]) => Object.assign({}, others, known));
}

/** @param root where `$ref` points into */
export function arbitraryOf(schema: JsonSchema, root: JsonSchema = schema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')];
    if (!target) throw new Error(`the schema refers to ${schema.$ref}, which it does not define`);
    return arbitraryOf(target, root);
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => arbitraryOf(choice, root)));
  if (schema.allOf) return arbitraryOf(Object.assign({}, ...schema.allOf) as JsonSchema, root);
  // What may be null has its types in a list.
  if (typeof schema.type === 'object') {
    return fc.oneof(...schema.type.map((type) => arbitraryOf({ ...schema, type }, root)));
  }
  switch (schema.type ?? 'any') {
    case 'string':
      return textsOf(schema);
    case 'integer':
    case 'number':
      return numbersOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, root), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? LONGEST_ARRAY, LONGEST_ARRAY)),
      });
    case 'object':
      return objectsOf(schema, root);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}
