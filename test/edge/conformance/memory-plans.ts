/** Conformance of memory plans: the pure planner behind a call. */
import { expect, it } from 'vitest';
import { planMemory, suggestions } from '../../../shared/planner/plan.ts';
import type { Harness } from '../harness.ts';

const model = {
  vocabularySize: 32_000,
  hiddenSize: 4096,
  intermediateSize: 11_008,
  layers: 32,
  heads: 32,
  keyValueHeads: 32,
  headSize: 128,
  tiedEmbedding: false,
};
const workload = { sampleRows: 64, promptTokens: 128, newTokens: 128, trainRows: 8, trainGroups: 2, rank: 8 };

export function memoryPlansConformance(start: () => Promise<Harness>): void {
  it('plans, and says what to change where it does not fit', async () => {
    const { client } = (await start()).clients;
    const expected = planMemory('cuda', model, workload);
    const whole = await client.planMemory({ body: { device: 'cuda', model, workload } });
    expect(whole).toEqual({
      device: 'cuda',
      parts: expected.parts,
      totalBytes: expected.total,
      refusal: null,
      suggestions: [],
    });
    const tight = await client.planMemory({ body: { device: 'cuda', model, workload, memoryBytes: 24e9 } });
    const [first] = suggestions('cuda', model, workload, 24e9);
    expect(tight.suggestions[0]).toBe(first?.change);
    expect(tight.refusal).toMatch(/^needs \d+\.\d GB, the card has 24\.0 GB: use batch \d+/);
  });

  it('refuses a shape that cannot be', async () => {
    const { client } = (await start()).clients;
    const body = { device: 'cpu' as const, model: { ...model, layers: 0 }, workload };
    await expect(client.planMemory({ body })).rejects.toMatchObject({ problem: { status: 400 } });
  });
}
