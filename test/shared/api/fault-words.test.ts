/** Whatever a request holds, what is said of it is in words of ours: the fault, and what to give instead. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { contract } from '../../../shared/api/contract.ts';
import { isBytes, type Endpoint } from '../../../shared/api/endpoint.ts';
import { fieldErrors } from '../../../shared/api/field-errors.ts';
import { hyperparameters } from '../../../shared/api/tasks/kinds.ts';

const JUNK: readonly unknown[] = [
  undefined,
  null,
  true,
  Number.NaN,
  -1.5,
  -1,
  0,
  1e18,
  '',
  'x y',
  '€'.repeat(300_000),
  [],
  [null],
  Array.from({ length: 20_000 }, () => 'a'),
  {},
  { kind: 'nobody' },
  Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`€${index}`, index])),
];

/** A schema and every schema in it. */
function* schemasIn(schema: z.core.$ZodType, seen: Set<z.core.$ZodType>): Generator<z.core.$ZodType> {
  if (seen.has(schema)) return;
  seen.add(schema);
  const { def } = schema._zod;
  // Nothing is asked of it before the schema in front of it has checked the value.
  if (def.type !== 'transform') yield schema;
  const { checks: _, ...rest } = def;
  const parts: unknown[] = Object.values({
    ...rest,
    ...('shape' in def ? (def.shape as object) : {}),
  }).flat();
  for (const part of parts) {
    if (part instanceof z.core.$ZodType) yield* schemasIn(part, seen);
  }
}

/** Words of the library, or of nobody. */
const FOREIGN = /^(?:Too |Invalid |Unrecognized )|expected |received |undefined|NaN|\[object|never|give $/;

describe('the words of faults', () => {
  it('are ours at every field of every request, and tell what to give', () => {
    const seen = new Set<z.core.$ZodType>();
    const forms = Object.values<Endpoint>(contract).flatMap(({ parameters, query, body }) =>
      [parameters, query, body && !isBytes(body) ? body : undefined].flatMap((form) => form ?? []),
    );
    const said = new Set<string>();
    const all = [...forms, hyperparameters].flatMap((form) => Array.from(schemasIn(form, seen)));
    for (const schema of all) {
      for (const value of JUNK) {
        const { error } = z.safeParse(schema, value);
        for (const { detail } of fieldErrors('body', error?.issues ?? [])) said.add(detail);
      }
    }
    expect(said.size).toBeGreaterThan(60);
    expect([...said].filter((detail) => FOREIGN.test(detail) || detail.length > 400)).toEqual([]);
    expect([...said].filter((detail) => detail.includes('see the reference'))).toEqual([]);
  });

  const seed = z.int().min(0);
  it.each<[z.ZodType, unknown, string]>([
    [seed, undefined, 'is missing; give a number'],
    [seed, Number.NaN, 'is no number; give a number'],
    [seed, 7.5, 'is 7.5; give a whole number'],
    [seed, -1, 'is -1; give 0 or more'],
    [z.number().lt(1), 1, 'is 1; give less than 1'],
    [z.number().max(20), Infinity, 'is Infinity; give a number'],
    [z.string().max(3), 'abcd', 'has 4 characters; give at most 3 characters'],
    [z.string().min(1), '', 'is empty; give at least 1 character'],
    [z.array(z.string()).min(2), ['a'], 'has 1 entry; give at least 2 entries'],
    [z.enum(['a', 'b', 'c']), 'd', 'is not known; give a, b or c'],
    [z.enum(['a', 'b', 'c']), undefined, 'is missing; give a, b or c'],
    [z.union([z.int(), z.string().regex(/^[a-z]+$/, 'must be letters')]), 'B', 'must be letters'],
    [z.strictObject({}), [], 'is a list; give an object with fields'],
    [
      z.record(z.string().max(1), z.int()),
      { long: 1 },
      'has a key that cannot be: it has 4 characters; give at most 1 character',
    ],
  ])('of a value say what it is and what to give (%#)', (schema, value, detail) => {
    const { error } = schema.safeParse(value);
    expect(fieldErrors('body', error?.issues ?? []).map((found) => found.detail)).toEqual([detail]);
  });
});
