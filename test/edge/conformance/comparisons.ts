/** Conformance of comparisons: blind pairs, labels, undo, lists. */
import { expect, it } from 'vitest';
import { comparisonCandidates, comparisons } from '../../../edge/store/schema/index.ts';
import type { Client } from '../../../shared/api/client.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

const PAIRS = 40;

export function comparisonsConformance(start: () => Promise<Harness>): void {
  /** An experiment with forty candidates; the machine judged the first. */
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    const { id } = await harness.clients.client.createExperiment({ body: EXPERIMENT });
    await new TestRunner(harness).drain();
    const [judged] = await harness.database.select().from(comparisonCandidates);
    const taskId = judged?.taskId ?? '';
    for (let prompt = 1; prompt < PAIRS; prompt++) {
      await harness.database.insert(comparisonCandidates).values({
        id: `${taskId}:${prompt}`,
        taskId,
        promptId: String(prompt),
        prompt: `Once ${prompt}`,
        firstResponse: `aligned ${prompt}`,
        secondResponse: `plain ${prompt}`,
        createdAt: 1,
      });
    }
    return { harness, parameters: { experimentId: id }, ...harness.clients };
  }

  /** Labels all pairs: the aligned side wins wherever the person can see it. */
  async function labelAll(client: Client, parameters: { experimentId: string }) {
    const shownFirst: boolean[] = [];
    for (;;) {
      const { pair } = await client.getNextBlindPair({ parameters });
      if (!pair) return shownFirst;
      const alignedIsA = !pair.a.startsWith('plain') && pair.a !== 'b';
      shownFirst.push(alignedIsA);
      await client.labelBlindPair({ body: { candidateId: pair.candidateId, label: alignedIsA ? 'a' : 'b' } });
    }
  }

  it('shows each pair once with its sides shuffled, says nothing of systems, and records the order', async () => {
    const { client, admin, parameters } = await begin();
    const first = await client.getNextBlindPair({ parameters });
    expect(await client.getNextBlindPair({ parameters })).toEqual(first);
    expect(first).toMatchObject({ labelled: 0, skipped: 0, remaining: PAIRS });
    expect(Object.keys(first.pair ?? {}).sort()).toEqual(['a', 'b', 'candidateId', 'prompt']);
    const shown = await labelAll(client, parameters);
    expect(shown).toHaveLength(PAIRS);
    // A fair coin gives 4 or fewer of 40 on one side with a probability below 2e-7.
    const straight = shown.filter(Boolean).length;
    expect(Math.min(straight, PAIRS - straight)).toBeGreaterThan(4);
    expect(await client.getNextBlindPair({ parameters })).toEqual({
      pair: null,
      labelled: PAIRS,
      skipped: 0,
      remaining: 0,
    });
    const { items } = await client.listComparisons({ parameters, query: { source: 'human', limit: 200 } });
    expect(items).toHaveLength(PAIRS);
    expect(items.every(({ outcome }) => outcome === 'first')).toBe(true);
    expect(items.filter(({ swapped }) => !swapped)).toHaveLength(straight);
    // Another person has their own queue and their own order.
    const others = await labelAll(admin, parameters);
    expect(others).toHaveLength(PAIRS);
    expect(others).not.toEqual(shown);
  });

  it('keeps ties and skips, refuses a second label, and takes back only one’s own', async () => {
    const { client, admin, parameters, harness } = await begin();
    const next = async () => (await client.getNextBlindPair({ parameters })).pair?.candidateId ?? '';
    const label = async (candidateId: string, said: 'a' | 'b' | 'tie' | 'skip') =>
      await client.labelBlindPair({ body: { candidateId, label: said } });
    const one = await next();
    const { id } = await label(one, 'tie');
    await label(await next(), 'skip');
    await expect(label(one, 'a')).rejects.toMatchObject({ problem: { status: 409 } });
    await expect(label('nothing', 'a')).rejects.toMatchObject({ problem: { status: 404 } });
    const outcomes = async () =>
      (await client.listComparisons({ parameters, query: { source: 'human' } })).items.map(
        (row) => row.outcome,
      );
    expect(await outcomes()).toEqual(['tie', 'skipped']);
    // What is skipped says nothing, and is not asked again.
    expect(await client.getNextBlindPair({ parameters })).toMatchObject({
      labelled: 1,
      skipped: 1,
      remaining: PAIRS - 2,
    });
    await expect(admin.undoComparison({ parameters: { comparisonId: id } })).rejects.toMatchObject({
      problem: { status: 403 },
    });
    await client.undoComparison({ parameters: { comparisonId: id } });
    expect(await next()).toBe(one);
    expect(await outcomes()).toEqual(['skipped']);
    const [machine] = (await client.listComparisons({ parameters, query: { source: 'machine' } })).items;
    await expect(
      client.undoComparison({ parameters: { comparisonId: machine?.id ?? '' } }),
    ).rejects.toMatchObject({
      problem: { status: 403 },
    });
    expect(await harness.database.select().from(comparisons)).toHaveLength(2);
  });

  it('lists by page and filter what was said', async () => {
    const { client, parameters } = await begin();
    await labelAll(client, parameters);
    const all = (await client.listComparisons({ parameters, query: { limit: 200 } })).items;
    expect(all).toHaveLength(PAIRS + 1);
    const paged = [];
    for (let cursor: string | undefined; ;) {
      const page = await client.listComparisons({ parameters, query: { limit: 7, cursor } });
      paged.push(...page.items);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(all);
    const sentiment = await client.listComparisons({ parameters, query: { judge: 'sentiment' } });
    expect(sentiment.items).toMatchObject([
      { source: 'machine', outcome: 'first', firstScore: 1, prompt: 'Once' },
    ]);
    expect((await client.listComparisons({ parameters, query: { outcome: 'tie' } })).items).toEqual([]);
  });
}
