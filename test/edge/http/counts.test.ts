/** Counts before elements: over every JSON body of the contract, none named here. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { countsOf } from '../../../edge/http/counts.ts';
import { contract } from '../../../shared/api/contract.ts';
import { isBytes, type Endpoint } from '../../../shared/api/endpoint.ts';

const bodies = Object.entries<Endpoint>(contract).flatMap(([operation, { body }]) =>
  body && !isBytes(body) ? [{ operation, body }] : [],
);

/** Places in a JSON schema that hold lists and records, each with what it says of its length. */
function lengthsOf(schema: unknown, path = ''): { path: string; limit: unknown }[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { type, maxItems, additionalProperties, maxProperties } = schema as Record<string, unknown>;
  const isRecord = typeof additionalProperties === 'object';
  return [
    ...(type === 'array' ? [{ path, limit: maxItems }] : []),
    ...(isRecord ? [{ path, limit: maxProperties }] : []),
    ...Object.entries(schema).flatMap(([name, part]) => lengthsOf(part, `${path}/${name}`)),
  ];
}

describe('every list and record of a request', () => {
  it.each(bodies)('$operation says how long each may be', ({ body }) => {
    const schema = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' });
    expect(lengthsOf(schema).filter(({ limit }) => typeof limit !== 'number')).toEqual([]);
  });
});

/** An element that nobody may look at. */
const UNTOUCHED = new Proxy(
  {},
  {
    get() {
      throw new Error('an element was looked at');
    },
    ownKeys() {
      throw new Error('an element was looked at');
    },
  },
);
const many = (length: number) => Array.from({ length }, () => UNTOUCHED);

describe('a list that is too long', () => {
  const { beforeReading } = countsOf(
    z.strictObject({
      plain: z
        .array(z.object({ inner: z.array(z.string()).max(2) }))
        .max(3)
        .optional(),
      choice: z.union([z.string(), z.array(z.string()).max(3)]).nullish(),
      record: z.record(z.string(), z.string()).meta({ maxProperties: 3 }).optional(),
    }),
  );
  const faultsOf = (value: unknown): unknown => {
    try {
      beforeReading(value);
      return [];
    } catch (error) {
      return (error as { errors: unknown }).errors;
    }
  };

  it('is refused by its count, wherever it stands', () => {
    const refused = (pointer: string, found: number, most: number) => [
      { in: 'body', pointer, detail: `has ${found} entries, and may have ${most}` },
    ];
    expect(faultsOf({ plain: many(4) })).toEqual(refused('#/plain', 4, 3));
    expect(faultsOf({ plain: [{ inner: many(3) }] })).toEqual(refused('#/plain/0/inner', 3, 2));
    expect(faultsOf({ choice: many(4) })).toEqual(refused('#/choice', 4, 3));
    expect(faultsOf({ record: { a: 1, b: 1, c: 1, d: 1 } })).toEqual(refused('#/record', 4, 3));
  });

  it('passes up to its limit, and in any form that has none', () => {
    const value = { plain: [{ inner: many(2) }, {}, 7], choice: many(3), record: { a: UNTOUCHED } };
    expect(faultsOf(value)).toEqual([]);
    expect(faultsOf({ choice: 'a text' })).toEqual([]);
    expect(faultsOf(many(10))).toEqual([]);
  });
});

describe('a text of JSON', () => {
  const { beforeParsing } = countsOf(z.strictObject({ texts: z.array(z.string()).max(64) }));
  const isRefused = (text: string) => {
    try {
      beforeParsing(text);
      return false;
    } catch {
      return true;
    }
  };

  it('is refused before it is parsed where it holds more values than any request', () => {
    expect(isRefused(JSON.stringify({ texts: Array(1000).fill(0) }))).toBe(true);
    expect(isRefused(JSON.stringify(Object.fromEntries(many(1000).map((_, n) => [n, 0]))))).toBe(true);
    expect(isRefused('['.repeat(1000))).toBe(true);
  });

  it('may hold any text: what stands in strings is no value', () => {
    for (const odd of [',[{', '"', '\\', '\\"', '\\\\",', '{"a":[1,2]}']) {
      expect(isRefused(JSON.stringify({ texts: Array(64).fill(odd.repeat(500)) })), odd).toBe(false);
    }
  });
});
