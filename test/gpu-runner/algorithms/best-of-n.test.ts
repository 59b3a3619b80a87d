/** Best of n: the highest score is kept, unfinished turns lose, batches and kills change nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bestOfN, type BestOfNSettings } from '../../../gpu-runner/algorithms/best-of-n.ts';
import type { GenerationRequest } from '../../../gpu-runner/algorithms/generation.ts';
import { sequenceOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { bestOfNResult } from '../../../shared/api/tasks/best-of-n.ts';
import { expectForeign } from './foreign-checkpoint.ts';
import { openTinyModel, recordingHooks, tinyPrompts } from './tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const SETTINGS: BestOfNSettings = {
  promptForm: 'prefix',
  responseOpening: '',
  maximumNewTokens: 12,
  candidates: 4,
  contextLength: 128,
  batchSize: 8,
  checkpointEvery: 1,
};
const WORDS = ['kind', 'mean', 'friends', 'happy', 'angry'];

/** Answers `word number` made of the stream alone, and scores by that number. */
function engine(text: (stream: number) => string = (stream) => `They were ${WORDS[stream % 5] ?? ''}.`) {
  const { tokenizer } = tiny.model;
  const asked: number[] = [];
  return {
    asked,
    generate: async (requests: readonly GenerationRequest[]) =>
      requests.map(({ promptTokens, stream }) => {
        asked.push(stream);
        const tokens = tokenizer.encode(text(stream));
        const logProbabilities = new Float32Array(tokens.length).fill(-1);
        const sequence = sequenceOf(promptTokens, tokens);
        return { sequence, logProbabilities, referenceLogProbabilities: logProbabilities };
      }),
    score: async (texts: readonly Int32Array[]) =>
      Float64Array.from(texts, (tokens) =>
        WORDS.findIndex((word) => tokenizer.decode(tokens).endsWith(`${word}.`)),
      ),
  };
}
const prompts = () => tinyPrompts(6).map((_, row) => ({ id: String(row), row, text: 'Once.' }));
const run = async (
  settings = SETTINGS,
  made = engine(),
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
) => await bestOfN(prompts(), settings, tiny.model.tokenizer, made, recorded.hooks, resume);

describe('bestOfN', () => {
  it('keeps the response of the highest score, and says what the choice gained', async () => {
    const made = engine();
    const { completions, result } = await run(SETTINGS, made);
    expect(made.asked).toHaveLength(24);
    expect(new Set(made.asked).size).toBe(24);
    let gain = 0;
    completions.forEach(({ completion }, row) => {
      const scores = made.asked.slice(4 * row, 4 * row + 4).map((stream) => stream % 5);
      const best = Math.max(...scores);
      gain += best - scores.reduce((sum, score) => sum + score, 0) / 4;
      expect(completion).toBe(`They were ${WORDS[best] ?? ''}.`);
    });
    expect(bestOfNResult.parse(result)).toEqual(result);
    expect(result).toMatchObject({ n: 6, candidates: 4 });
    expect(result.scoreGain).toBeCloseTo(gain / 6, 12);
  });

  it('is the same in batches of any size and after a kill', async () => {
    const whole = await run();
    expect(await run({ ...SETTINGS, batchSize: 1 })).toEqual(whole);
    expect(await run({ ...SETTINGS, batchSize: 100 })).toEqual(whole);
    const killed = recordingHooks(2);
    await expect(run(SETTINGS, engine(), killed)).rejects.toThrow('killed');
    const made = engine();
    expect(await run(SETTINGS, made, recordingHooks(), killed.checkpoints.get(2) ?? null)).toEqual(whole);
    expect(made.asked).toHaveLength(8);
    const bytes = killed.checkpoints.get(2) ?? null;
    const resumed = (settings = SETTINGS, rows = prompts()) =>
      bestOfN(rows, settings, tiny.model.tokenizer, engine(), recordingHooks().hooks, bytes);
    await expectForeign(resumed(SETTINGS, prompts().slice(1)), /is of 6 prompts, this task has 5/);
    await expectForeign(resumed(SETTINGS, prompts().toReversed()), /6 other prompts than this task's/);
    await expectForeign(resumed({ ...SETTINGS, candidates: 3 }), /candidates 4, this task has candidates 3/);
  });

  it('prefers a turn that ended to a better one that ran to the cap', async () => {
    const dialogue: BestOfNSettings = { ...SETTINGS, promptForm: 'dialogue', contextLength: 512 };
    const asks = [{ id: '0', row: 0, text: 'Human: go on\n\nAssistant:' }];
    const made = engine((stream) => (stream % 4 === 1 ? ' They were kind.\n\nHuman:' : ' They were angry.'));
    const { completions } = await bestOfN(
      asks,
      dialogue,
      tiny.model.tokenizer,
      { ...made, score: async (texts) => Float64Array.from(texts, (_, place) => place) },
      recordingHooks().hooks,
      null,
    );
    expect(completions[0]).toMatchObject({ completion: 'They were kind.', ended: true });
  });

  it('refuses an empty shard', async () => {
    const none = bestOfN([], SETTINGS, tiny.model.tokenizer, engine(), recordingHooks().hooks, null);
    await expect(none).rejects.toThrow(/no prompt/);
  });
});
