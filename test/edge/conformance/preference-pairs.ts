/** Conformance of preference pairs: order, filters, pages and the export. */
import { eq } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { preferencePairs } from '../../../edge/store/schema/index.ts';
import type { Client } from '../../../shared/api/client.ts';
import { pairsOf } from '../../shared/prompts/read-all.ts';
import { formatTrainerPairs, TRAINER_FORMS } from '../../../shared/export/trainer-pairs.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

type Query = NonNullable<NonNullable<Parameters<Client['listPreferencePairs']>[0]>['query']>;

const tokensUpTo = (end: number) => ({
  ends: [2, end],
  logProbabilities: [-0.5, -1.25],
  referenceLogProbabilities: [-2, -1],
});

export function preferencePairsConformance(start: () => Promise<Harness>): void {
  /** An experiment with two shards of 600 pairs each. */
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    const { id } = await harness.clients.client.createExperiment({ body: EXPERIMENT });
    await new TestRunner(harness).drain();
    const { stages } = await harness.clients.client.getExperiment({ parameters: { experimentId: id } });
    const shards = stages[0]?.tasks.map((task) => task.id) ?? [];
    const rows = shards.flatMap((taskId, shard) =>
      Array.from({ length: 600 }, (_, position) => ({
        taskId,
        position,
        promptId: String(position % 100),
        prompt: `Once “${position}”`,
        chosen: `kind ${shard}`,
        rejected: 'a\nb',
        labelProbability: (position % 11) / 10,
        affixPair: position % 2,
        // Those of later pairs are not kept.
        tokens: position < 10 ? { chosen: tokensUpTo(`kind ${shard}`.length), rejected: null } : null,
      })),
    );
    await harness.database.delete(preferencePairs);
    for (let first = 0; first < rows.length; first += 10) {
      await harness.database.insert(preferencePairs).values(rows.slice(first, first + 10));
    }
    return { harness, client: harness.clients.client, parameters: { experimentId: id }, rows };
  }

  async function readAll(client: Client, parameters: { experimentId: string }, query: Query = {}) {
    const found = [];
    for (let cursor: string | undefined; ;) {
      const page = await client.listPreferencePairs({ parameters, query: { limit: 170, ...query, cursor } });
      found.push(...page.items);
      if (page.nextCursor === null) return found;
      cursor = page.nextCursor;
    }
  }

  it('gives every pair once, by shard and place, on pages that cross shards', async () => {
    const { client, parameters, rows } = await begin();
    expect(await readAll(client, parameters)).toEqual(rows);
  });

  it('filters by how much longer the chosen side is', async () => {
    const { harness, client, parameters } = await begin();
    // In characters, not in bytes or UTF-16 units: every other pair has a gap of 3.
    await harness.database
      .update(preferencePairs)
      .set({ chosen: 'é😀cdefg' })
      .where(eq(preferencePairs.position, 7));
    const four = await readAll(client, parameters, { minimumLengthGap: 4, maximumLengthGap: 4 });
    expect(four.map(({ position }) => position)).toEqual([7, 7]);
    expect(await readAll(client, parameters, { maximumLengthGap: 3 })).toHaveLength(1198);
    expect(await readAll(client, parameters, { maximumLengthGap: 2 })).toEqual([]);
  });

  it('filters by label probability, affix pair, prompt and stage', async () => {
    const { client, parameters, rows } = await begin();
    const check = async (query: Query, keep: (row: (typeof rows)[number]) => boolean) => {
      const found = await readAll(client, parameters, query);
      expect(found, JSON.stringify(query)).toEqual(rows.filter(keep));
    };
    await check({ minimumProbability: 0.7 }, (row) => row.labelProbability >= 0.7);
    await check(
      { maximumProbability: 0.3, affixPair: 1 },
      (row) => row.labelProbability <= 0.3 && row.affixPair === 1,
    );
    await check({ promptId: '42', stage: 'simulate' }, (row) => row.promptId === '42');
    await check({ stage: 'label' }, () => false);
  });

  it('exports JSON lines, the same bytes every time, that read back as the pairs', async () => {
    const { client, parameters, rows } = await begin();
    const read = async (query = {}) =>
      await (await client.exportPreferencePairs({ parameters, query })).text();
    const whole = await read();
    expect(await read()).toBe(whole);
    const pick = ({ prompt, chosen, rejected, labelProbability }: (typeof rows)[number]) => ({
      prompt,
      chosen,
      rejected,
      labelProbability,
    });
    expect(await pairsOf(whole)).toEqual(rows.map(pick));
    expect(Object.keys(JSON.parse(whole.slice(0, whole.indexOf('\n'))) as object)).toEqual([
      'prompt',
      'chosen',
      'rejected',
      'label_probability',
    ]);
    expect(await pairsOf(await read({ minimumProbability: 1 }))).toEqual(
      rows.filter((row) => row.labelProbability === 1).map(pick),
    );
  });

  it('exports them as other trainers read them, with the same filters', async () => {
    const { client, parameters, rows } = await begin();
    for (const form of TRAINER_FORMS) {
      const read = async (query = {}) =>
        await (await client.exportPreferencePairs({ parameters, query: { form, ...query } })).text();
      expect(await read()).toBe(formatTrainerPairs(form, rows));
      const sure = rows.filter((row) => row.labelProbability === 1);
      expect(await read({ minimumProbability: 1 })).toBe(formatTrainerPairs(form, sure));
    }
    const wrong = { form: 'parquet' as 'trl' };
    await expect(client.exportPreferencePairs({ parameters, query: wrong })).rejects.toMatchObject({
      problem: { status: 400 },
    });
  });

  it('answers 404 for an experiment that is not there', async () => {
    const { client } = await begin();
    const parameters = { experimentId: '019ab0e7-6c00-7000-8000-000000000000' };
    for (const call of [client.listPreferencePairs, client.exportPreferencePairs]) {
      await expect(call({ parameters })).rejects.toMatchObject({ problem: { status: 404 } });
    }
  });
}
