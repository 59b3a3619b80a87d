/** Every field of every schema and every parameter of the published document says what it is. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createHarness } from './harness.ts';
import { createFolder, openNodeStore } from './node-store.ts';

const node = z.record(z.string(), z.unknown());
type Node = z.infer<typeof node>;

const harness = await createHarness(async () => openNodeStore(createFolder()));
const document = node.parse(await (await harness.fetch('/openapi.json')).json());

/** The value at a pointer such as `#/components/schemas/Task`. */
function resolve(pointer: string): Node {
  const value = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((place, key) => node.parse(place)[key], document);
  return node.parse(value);
}

/** Whether a schema, what it refers to or one of its forms has a description. */
function isDescribed(schema: Node): boolean {
  if (typeof schema['description'] === 'string' && schema['description'].trim() !== '') return true;
  if (typeof schema['$ref'] === 'string') return isDescribed(resolve(schema['$ref']));
  return ['anyOf', 'oneOf', 'allOf'].some((key) =>
    z
      .array(node)
      .catch([])
      .parse(schema[key])
      .some((form) => isDescribed(form)),
  );
}

/** Every object below a place, with its path. */
function* below(value: unknown, path: string): Generator<{ path: string; object: Node }> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield { path, object: node.parse(value) };
  for (const [key, inner] of Object.entries(value)) yield* below(inner, `${path}/${key}`);
}

it('describes every field and every parameter', () => {
  const without: string[] = [];
  let fields = 0;
  for (const { path, object } of below(document, '#')) {
    const properties = node.safeParse(object['properties']);
    const isSchema = object['type'] === 'object' && properties.success;
    for (const [name, schema] of isSchema ? Object.entries(properties.data) : []) {
      fields += 1;
      if (!isDescribed(node.parse(schema))) without.push(`${path}/properties/${name}`);
    }
    if (typeof object['in'] !== 'string' || !('schema' in object)) continue;
    fields += 1;
    if (!isDescribed(object) && !isDescribed(node.parse(object['schema']))) without.push(path);
  }
  expect(fields).toBeGreaterThan(1000);
  expect(without).toEqual([]);
});

it('describes every named schema', () => {
  const names = Object.keys(resolve('#/components/schemas'));
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !isDescribed(resolve(`#/components/schemas/${name}`)))).toEqual([]);
});

it('tells the defaults of settings', () => {
  const { properties } = z
    .object({
      properties: z.record(
        z.string(),
        z.object({ default: z.unknown().optional(), description: z.string() }),
      ),
    })
    .parse(resolve('#/components/schemas/PpoSettings'));
  expect(properties['klEstimator']?.default).toBe('k1');
  const told = ({ default: value, description }: { default?: unknown; description: string }) =>
    value !== undefined || description.includes('; unless given {');
  expect(Object.entries(properties).filter(([, field]) => !told(field))).toEqual([]);
});
