/**
 * Every statement that the reads of the API run is served by an index. The statements are recorded while each
 * GET of the contract is called without filters, with each filter alone and with each pair, on the first and
 * on a later page: a new list or filter is in this test without being named.
 */
import type { SQLInputValue } from 'node:sqlite';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { openDatabase } from '../../../edge/store/database.ts';
import { readScoringKernel } from '../../../edge/hosts/node.ts';
import type { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { contract } from '../../../shared/api/contract.ts';
import { isBytes, type Endpoint } from '../../../shared/api/endpoint.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { populate } from './populate.ts';

/** Keeps the text of every statement that is run: some are prepared once and run often. */
class RecordingDatabase {
  readonly statements = new Set<string>();
  readonly #inner: NodeDatabase;

  constructor(inner: NodeDatabase) {
    this.#inner = inner;
  }

  prepare(sql: string) {
    const statement = this.#inner.prepare(sql);
    return {
      bind: (...values: readonly SQLInputValue[]) => {
        this.statements.add(sql);
        return statement.bind(...values);
      },
    };
  }

  async batch(statements: Parameters<NodeDatabase['batch']>[0]) {
    return await this.#inner.batch(statements);
  }
}

const pageForm = z.object({ nextCursor: z.string().nullable() });
const planForm = z.array(z.object({ detail: z.string() }));

/** The steps of a plan that read a whole table or sort rows that an index could have ordered. */
function faults(client: NodeDatabase, sql: string): string[] {
  const { results } = client.prepare(`EXPLAIN QUERY PLAN ${sql}`).execute();
  return planForm
    .parse(results)
    .map(({ detail }) => detail)
    .filter((detail) => isFullScan(detail, sql) || detail.includes('USE TEMP B-TREE FOR ORDER BY'));
}

/** The statement without its subqueries. */
function outermost(sql: string): string {
  const shorter = sql.replaceAll(/\([^()]*\)/g, '');
  return shorter === sql ? sql : outermost(shorter);
}

/** A list without filters walks an index from one end and stops at its limit: only that may be a scan. */
function isFullScan(detail: string, sql: string): boolean {
  const scan = /^SCAN (\S+)(.*)$/.exec(detail);
  if (!scan) return false;
  const [, source = '', how = ''] = scan;
  if (source === 'json_each' || source === 'CONSTANT') return false;
  const walk = / USING (COVERING )?INDEX /.test(how) && / limit /i.test(sql);
  return !walk || / where /i.test(outermost(sql));
}

interface Filter {
  readonly name: string;
  readonly value: string;
}

/** One value for each field of a query but the page's own: its first example, else its first choice. */
function filtersOf(query: z.ZodObject | undefined): Filter[] {
  const fields = Object.entries(query?.shape ?? {}).filter(([name]) => name !== 'limit' && name !== 'cursor');
  return fields.map(([name, field]) => {
    const schema = z.toJSONSchema(field as z.ZodType, { io: 'input', unrepresentable: 'any' });
    const value = schema.examples?.[0] ?? schema.enum?.[0] ?? (schema.type === 'boolean' ? true : undefined);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new Error(
        `query field ${name}: give its schema .meta({ examples: [...] }), so that it can be tried`,
      );
    }
    return { name, value: String(value) };
  });
}

function combinations(filters: readonly Filter[], required: ReadonlySet<string>): URLSearchParams[] {
  const pairs = filters.flatMap((first, index) => filters.slice(index).map((second) => [first, second]));
  const always = filters.filter(({ name }) => required.has(name));
  return [[], ...pairs].map(
    (chosen) =>
      new URLSearchParams(Object.fromEntries([...always, ...chosen].map(({ name, value }) => [name, value]))),
  );
}

it('refuses a full scan and a sort in every read of the API', async () => {
  const { client, blobs } = openNodeStore(createFolder());
  const recording = new RecordingDatabase(client);
  const database = openDatabase(recording as unknown as D1Database);
  const harness = await createHarness(async () => ({ database, blobs, scoringKernel: readScoringKernel() }));
  const parameters = await populate(harness);
  // The plans of writes are checked beside their own tests.
  recording.statements.clear();
  const reads = Object.entries<Endpoint>(contract).filter(
    ([, { method, response }]) => method === 'get' && response && !isBytes(response),
  );
  let laterPages = 0;
  for (const [id, { path, query, scopes }] of reads) {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = parameters[name];
      if (value === undefined) throw new Error(`path parameter ${name} of ${id}: add it to populate.ts`);
      return value;
    });
    const required = new Set(
      Object.entries(query?.shape ?? {})
        .filter(([, field]) => !(field as z.ZodType).safeParse(undefined).success)
        .map(([name]) => name),
    );
    const scope = scopes[0];
    const keyed = scope === undefined ? {} : { key: harness.secrets[scope] };
    const isList = query !== undefined && 'cursor' in query.shape;
    for (const search of combinations(filtersOf(query), required)) {
      if (isList) search.set('limit', '1');
      const response = await harness.fetch(`${filled}?${search}`, keyed);
      expect(response.status, `${id} ?${search}: ${await response.clone().text()}`).toBe(200);
      const next = isList ? pageForm.parse(await response.json()).nextCursor : null;
      if (next === null) continue;
      search.set('cursor', next);
      expect((await harness.fetch(`${filled}?${search}`, keyed)).status, `${id} ?${search}`).toBe(200);
      laterPages += 1;
    }
  }
  expect(laterPages).toBeGreaterThan(0);
  const found = [...recording.statements].flatMap((sql) =>
    faults(client, sql).map((fault) => `${fault}: ${sql}`),
  );
  expect(found).toEqual([]);
});
