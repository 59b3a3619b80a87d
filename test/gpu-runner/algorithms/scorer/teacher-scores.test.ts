/** The teacher's scores go on after a kill to the same numbers, and never from a checkpoint of other input. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Generation, GenerationRequest } from '../../../../gpu-runner/algorithms/generation.ts';
import {
  type ScorerInput,
  type ScorerSettings,
  teacherScores,
} from '../../../../gpu-runner/algorithms/scorer/teacher-scores.ts';
import { sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { TRAIN_SCORER_DEFAULTS } from '../../../../shared/api/tasks/train-scorer.ts';
import { toneLines } from '../../../../shared/principles/kind-stories/tone-lines.ts';
import { expectForeign } from '../foreign-checkpoint.ts';
import { openTinyModel, recordingHooks, tinyConfiguration, tinyPrompts } from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const settings: ScorerSettings = {
  ...TRAIN_SCORER_DEFAULTS,
  promptForm: 'prefix',
  responseOpening: '',
  maximumNewTokens: 8,
  freshRounds: 1,
  contextLength: tinyConfiguration.maximumPositions,
  batchSize: 4,
  checkpointEvery: 1,
};
const input: ScorerInput = {
  pairs: toneLines.map(({ kind, mean }, row) => ({
    promptId: String(row),
    prompt: 'They met.',
    chosen: kind,
    rejected: mean,
    labelProbability: 1,
    affixPair: null,
  })),
  prompts: tinyPrompts(2),
  affixPairs: [{ positive: 'kind ', negative: 'mean ' }],
  seed: 3,
};

/** Answers and scores that depend on the request and the text alone. */
function engine() {
  const asked: number[] = [];
  const said = tiny.model.tokenizer.encode('They were kind.');
  return {
    asked,
    generate: async (requests: readonly GenerationRequest[]) =>
      requests.map(({ promptTokens, stream }): Generation => {
        asked.push(stream);
        const tokens = said.slice(0, 1 + (stream % said.length));
        const zeros = new Float32Array(tokens.length);
        return {
          sequence: sequenceOf(promptTokens, tokens),
          logProbabilities: zeros,
          referenceLogProbabilities: zeros,
        };
      }),
    score: async (texts: readonly Int32Array[]) =>
      Float64Array.from(texts, (tokens) => tokens.reduce((sum, token) => (sum * 31 + token) % 997, 0)),
  };
}
const run = async (
  changes: Partial<ScorerInput & ScorerSettings> = {},
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
  made = engine(),
) => {
  const [of, by] = [
    { ...input, ...changes },
    { ...settings, ...changes },
  ];
  return await teacherScores(of, by, tiny.model.tokenizer, made, recorded.hooks, resume);
};

it('goes on after a kill to the same scores, and refuses the checkpoint of other input', async () => {
  const whole = await run();
  expect(whole).toHaveLength(8 + 4);
  const killed = recordingHooks(1);
  await expect(run({}, killed)).rejects.toThrow('killed');
  const bytes = killed.checkpoints.get(1) ?? null;
  const made = engine();
  expect(await run({}, recordingHooks(), bytes, made)).toEqual(whole);
  expect(made.asked).toHaveLength(4);
  const resumed = (changes: Partial<ScorerInput & ScorerSettings>) => run(changes, recordingHooks(), bytes);
  await expectForeign(resumed({ pairs: input.pairs.slice(1) }), /is of \d+ texts, this task has \d+/);
  await expectForeign(resumed({ pairs: input.pairs.toReversed() }), /other texts than this task's/);
  await expectForeign(
    resumed({ maximumNewTokens: 9 }),
    /maximumNewTokens 8, this task has maximumNewTokens 9/,
  );
});
