/** Token likelihoods of pairs on a tiny model: each figure is what scoring that token alone gives. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulationOutcome } from '../../../../gpu-runner/algorithms/simulate/simulate.ts';
import { withTokenLikelihoods } from '../../../../gpu-runner/algorithms/simulate/token-likelihoods.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { SHOWN_PAIRS } from '../../../../shared/planner/work.ts';
import { openTinyModel, tinyConfiguration } from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let forwardPass: ForwardPass;
let nothing: Float32Array;
beforeAll(async () => {
  tiny = await openTinyModel();
  const layout = adapterLayout(tinyConfiguration, 1, 1);
  nothing = new Float32Array(layout.length);
  forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: tiny.model.backend, layout, groups: 1 },
    scoring: 'tokens',
    maximumTime: tinyConfiguration.maximumPositions,
    microbatchRows: 8,
  });
});
afterAll(async () => {
  await forwardPass.close();
  tiny.close();
});

type Sequences = readonly { readonly tokens: Int32Array; readonly start: number }[];
const score = async (sequences: Sequences) =>
  sequences.length === 0 ? [] : ((await forwardPass.score(nothing, [sequences])).logProbabilities[0] ?? []);

const PLAIN = 'Everyone was';
const KIND = 'Everyone was kind. Everyone was';
const MEAN = 'Everyone was mean. Everyone was';

function outcomeOf(...responses: readonly (readonly [string, string])[]): SimulationOutcome {
  const none = { chosen: {}, rejected: {} };
  return {
    pairs: responses.map(([chosen, rejected], index) => ({
      promptId: String(index),
      prompt: PLAIN,
      chosen,
      rejected,
      labelProbability: 1,
      affixPair: 0,
      provenance: { source: 'test', chosen: { tries: 2 }, rejected: { tries: 1 } },
    })),
    sidePrompts: responses.map(() => ({ chosen: KIND, rejected: MEAN })),
    accepted: [],
    result: {
      prompts: responses.length,
      pairs: responses.length,
      dropped: {},
      rejected: none,
      lengths: { chosen: null, rejected: null },
      duplicates: 0,
      overlap: null,
      meanTries: { chosen: null, rejected: null },
    },
  };
}

async function read(outcome: SimulationOutcome, contextLength = tinyConfiguration.maximumPositions) {
  const { signal } = new AbortController();
  const settings = { promptForm: 'prefix', contextLength } as const;
  return await withTokenLikelihoods(outcome, settings, tiny.model.tokenizer, score, signal);
}

/** log P of each token, one scoring a token, of texts that were tokenised apart. */
async function oneByOne(prompt: string, response: string): Promise<number[]> {
  const { tokenizer } = tiny.model;
  const head = tokenizer.encode(prompt, { bos: tokenizer.startsWithBos });
  const tail = tokenizer.encode(response);
  const found: number[] = [];
  for (let index = 0; index < tail.length; index++) {
    const tokens = Int32Array.of(...head, ...tail.subarray(0, index + 1));
    const [row = new Float32Array()] = await score([{ tokens, start: tokens.length - 1 }]);
    found.push(row[0] ?? Number.NaN);
  }
  return found;
}

describe('token likelihoods of pairs', () => {
  it('are those of each token under the affix prompt and under the plain one', async () => {
    const [pair] = await read(outcomeOf(['gentle and kind.', 'mean.']));
    for (const [side, prompt, response] of [
      ['chosen', KIND, 'gentle and kind.'],
      ['rejected', MEAN, 'mean.'],
    ] as const) {
      const { likelihoods } = pair?.provenance?.[side] ?? {};
      const own = await oneByOne(prompt, response);
      const plain = await oneByOne(PLAIN, response);
      expect(likelihoods?.logProbabilities).toHaveLength(own.length);
      own.forEach((value, index) => expect(likelihoods?.logProbabilities[index]).toBeCloseTo(value, 2));
      plain.forEach((value, index) =>
        expect(likelihoods?.referenceLogProbabilities[index]).toBeCloseTo(value, 2),
      );
      // The two differ, or neither is tested.
      expect(Math.max(...own.map((value, index) => Math.abs(value - (plain[index] ?? 0))))).toBeGreaterThan(
        0.01,
      );
      expect(likelihoods?.ends.at(-1)).toBe(response.length);
      expect(likelihoods?.ends).toEqual(likelihoods?.ends.toSorted((a, b) => a - b));
    }
  });

  it('stand beside what the provenance says already', async () => {
    const [pair] = await read(outcomeOf(['gentle.', 'mean.']));
    expect(pair?.provenance).toMatchObject({ source: 'test', chosen: { tries: 2 }, rejected: { tries: 1 } });
  });

  it('are left out of an empty side and of one that fills the context, and of neither neighbour', async () => {
    const outcome = outcomeOf(['kind.', ''], ['gentle and kind.', 'mean.']);
    const [empty, whole] = await read(outcome);
    expect(empty?.provenance?.rejected?.likelihoods).toBeUndefined();
    expect(empty?.provenance?.chosen?.likelihoods?.ends.at(-1)).toBe('kind.'.length);
    const { tokenizer } = tiny.model;
    const room =
      tokenizer.encode(KIND, { bos: tokenizer.startsWithBos }).length + tokenizer.encode('kind.').length;
    const [short, tooLong] = await read(outcome, room);
    expect(short?.provenance?.chosen?.likelihoods).toEqual(empty?.provenance?.chosen?.likelihoods);
    expect(tooLong?.provenance?.chosen?.likelihoods).toBeUndefined();
    expect(tooLong?.provenance?.rejected?.likelihoods).toEqual(whole?.provenance?.rejected?.likelihoods);
  });

  it('are given to the first pairs alone', async () => {
    const found = await read(
      outcomeOf(...Array.from({ length: SHOWN_PAIRS + 1 }, () => ['', 'mean.'] as const)),
    );
    expect(found).toHaveLength(SHOWN_PAIRS + 1);
    expect(found[SHOWN_PAIRS - 1]?.provenance?.rejected?.likelihoods).toBeDefined();
    expect(found[SHOWN_PAIRS]?.provenance?.rejected?.likelihoods).toBeUndefined();
  });
});
