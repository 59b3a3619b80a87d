/** The filter of weak contrasts on a tiny model: margins are what scoring each text alone gives, and decide what stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulationOutcome } from '../../../../gpu-runner/algorithms/simulate/simulate.ts';
import { dropWeakContrasts } from '../../../../gpu-runner/algorithms/simulate/weak-contrasts.ts';
import { ReferenceModel } from '../../../../gpu-runner/algorithms/reference-model.ts';
import { sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { preferencePairLine } from '../../../../shared/api/tasks/simulate.ts';
import { openTinyModel, tinyConfiguration } from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let reference: ReferenceModel;
beforeAll(async () => {
  tiny = await openTinyModel();
  reference = await ReferenceModel.open(tiny.model, {
    scoring: 'tokens',
    maximumTime: tinyConfiguration.maximumPositions,
    microbatchRows: 8,
  });
});
afterAll(async () => {
  await reference.close();
  tiny.close();
});

const KIND = 'Everyone was kind. Everyone was';
const MEAN = 'Everyone was mean. Everyone was';
const RESPONSES = [
  ['kind and happy.', 'mean and sad.'],
  ['mean and sad.', 'kind and happy.'],
  ['happy.', 'sad.'],
  ['in the park.', 'at the house.'],
] as const;

const one = (response: string, stream: number) => ({ response, tries: 1, stream, tokens: response.length });

function outcome(): SimulationOutcome {
  const none = { chosen: null, rejected: null };
  return {
    pairs: RESPONSES.map(([chosen, rejected], index) => ({
      promptId: String(index),
      prompt: 'Everyone was',
      chosen,
      rejected,
      labelProbability: 1,
      affixPair: 0,
      provenance: { chosen: { tries: 1 }, rejected: { tries: 1 } },
    })),
    sidePrompts: RESPONSES.map(() => ({ chosen: KIND, rejected: MEAN })),
    accepted: RESPONSES.map(([chosen, rejected], index) => ({
      chosen: one(chosen, index),
      rejected: one(rejected, 10 + index),
    })),
    result: {
      prompts: 9,
      pairs: RESPONSES.length,
      dropped: { 'chosen-failed': 5 },
      rejected: { chosen: {}, rejected: {} },
      lengths: none,
      duplicates: 0,
      overlap: null,
      meanTries: none,
    },
  };
}

const { signal } = new AbortController();
const filter = (
  leastContrast: number,
  contextLength = tinyConfiguration.maximumPositions,
  simulated = outcome(),
) =>
  dropWeakContrasts(
    simulated,
    { promptForm: 'prefix', leastContrast, contextLength },
    tiny.model.tokenizer,
    (sequences, stop) => reference.logProbabilities(sequences, stop),
    signal,
  );

/** Nats of a response behind a prompt, scored alone; the form 'prefix' reads it behind a space. */
async function nats(prompt: string, response: string): Promise<number> {
  const { tokenizer } = tiny.model;
  const [before, whole] = [tokenizer.encodePrompt(prompt), tokenizer.encodePrompt(`${prompt} ${response}`)];
  expect(whole.subarray(0, before.length)).toEqual(before);
  const [row = new Float32Array()] = await reference.logProbabilities(
    [sequenceOf(before, whole.subarray(before.length))],
    signal,
  );
  return row.reduce((sum, value) => sum + value, 0);
}

describe('the filter of weak contrasts', () => {
  it('keeps the pairs of which both sides are likelier behind their own prompt, and counts the others', async () => {
    const margins = await Promise.all(
      RESPONSES.map(async ([chosen, rejected]) => ({
        chosen: (await nats(KIND, chosen)) - (await nats(MEAN, chosen)),
        rejected: (await nats(MEAN, rejected)) - (await nats(KIND, rejected)),
      })),
    );
    const expected = margins.flatMap(({ chosen, rejected }, index) =>
      chosen >= 0 && rejected >= 0 ? [index] : [],
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(RESPONSES.length);
    const { pairs, accepted, sidePrompts, result } = await filter(0);
    expect(pairs.map(({ promptId }) => Number(promptId))).toEqual(expected);
    expect(accepted.map(({ chosen }) => chosen?.stream)).toEqual(expected);
    expect(sidePrompts).toHaveLength(expected.length);
    expect(result).toMatchObject({
      prompts: 9,
      pairs: expected.length,
      dropped: { 'chosen-failed': 5, 'weak-contrast': RESPONSES.length - expected.length },
    });
    expect(result.lengths.chosen?.n).toBe(expected.length);
    for (const pair of pairs) {
      const { provenance } = preferencePairLine.parse(pair);
      const margin = margins[Number(pair.promptId)];
      expect(provenance?.chosen?.contrast).toBeCloseTo(margin?.chosen ?? NaN, 4);
      expect(provenance?.rejected?.contrast).toBeCloseTo(margin?.rejected ?? NaN, 4);
    }
  });

  it('counts a pair that cannot be read, and goes on with the others', async () => {
    const whole = await filter(0);
    const simulated = outcome();
    const pairs = simulated.pairs.map((pair) =>
      pair.promptId === '1' ? { ...pair, chosen: 'They said ▁ and played.' } : pair,
    );
    const found = await filter(0, undefined, { ...simulated, pairs });
    expect(whole.pairs.map(({ promptId }) => promptId)).not.toContain('1');
    expect(found.pairs).toEqual(whole.pairs);
    expect(found.result.dropped).toEqual({
      ...whole.result.dropped,
      'weak-contrast': (whole.result.dropped['weak-contrast'] ?? 0) - 1,
      unreadable: 1,
    });
  });

  it('counts what fills the context as one that cannot be read', async () => {
    await expect(filter(0, 3)).rejects.toThrow(/none of 4 pairs/);
  });

  it('says what to change where nothing is left', async () => {
    await expect(filter(1000)).rejects.toThrow(/none of 4 pairs.*lower simulate\.leastContrast/s);
  });
});
