/** The frontier of a random adapter on a tiny model: distances against another way to compute them, kills, bad input. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureFrontier, type FrontierSettings } from '../../../gpu-runner/algorithms/frontier.ts';
import type { GenerateGroups, Generation } from '../../../gpu-runner/algorithms/generation.ts';
import { Generator } from '../../../gpu-runner/algorithms/generator.ts';
import { scoringJudge, type PairJudge } from '../../../gpu-runner/algorithms/judge/pair-judge.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { promptOf, responseOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { frontierHyperparameters, frontierLine, frontierResult } from '../../../shared/api/tasks/frontier.ts';
import { normal } from '../../../shared/random.ts';
import { winRate } from '../../../shared/statistics/win-rate.ts';
import { expectForeign } from './foreign-checkpoint.ts';
import { likelihood } from './likelihood.ts';
import { openTinyModel, recordingHooks, tinyPrompts } from './tiny-model.ts';

const STRENGTHS = [0.5, 1, 1.5];
const RANK = 2;
const ALPHA = 4;

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let generator: Generator;
let layout: ReturnType<typeof adapterLayout>;
let vector: Float32Array;
beforeAll(async () => {
  tiny = await openTinyModel();
  layout = adapterLayout(tiny.model.architecture, RANK, ALPHA);
  vector = Float32Array.from({ length: layout.length }, (_, index) => 1.5 * normal(1, 2, index));
  generator = await Generator.open({
    model: tiny.model,
    adapters: { layout, groups: STRENGTHS.length + 1 },
    promptForm: 'prefix',
    temperature: 1,
    topP: 1,
    maximumNewTokens: 12,
    bannedTokens: [],
    seed: 5,
    maximumTime: 100,
    referenceTemperature: 1,
    withReference: true,
    sampleRows: 64,
    scoreRows: 64,
  });
});
afterAll(async () => {
  await generator.close();
  tiny.close();
});

const settings: FrontierSettings = {
  strengths: STRENGTHS,
  promptForm: 'prefix',
  responseOpening: '',
  maximumNewTokens: 12,
  temperature: 1,
  contextLength: 100,
  batchSize: 16,
  checkpointEvery: 1,
};
const prompts = tinyPrompts(20);
/** The share of e among an answer's letters: an opinion that hangs on the text alone. */
const judge = (name = 'letters'): PairJudge =>
  scoringJudge(name, 7, async (responses) =>
    responses.map(({ response }) => response.split('e').length / (1 + response.length)),
  );

interface Given {
  readonly rows?: typeof prompts;
  readonly changes?: Partial<FrontierSettings>;
  readonly judges?: readonly PairJudge[];
  readonly generate?: GenerateGroups;
  readonly adapter?: Float32Array;
}

const measure = async (
  { rows = prompts, changes = {}, judges = [judge()], generate, adapter = vector }: Given = {},
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
) =>
  await measureFrontier(
    rows,
    { layout, vector: adapter },
    { ...settings, ...changes },
    {
      tokenizer: tiny.model.tokenizer,
      generate: generate ?? generator.generateGroups.bind(generator),
      judges,
    },
    recorded.hooks,
    resume,
  );

describe('the frontier', () => {
  it('tells of every strength how far it is and who wins, by the rows that it hands on', async () => {
    const { lines, result } = await measure({ judges: [judge(), judge('again')] });
    expect(frontierResult.parse(result)).toEqual(result);
    expect(lines.map((line) => frontierLine.parse(line))).toEqual(lines);
    expect(lines).toHaveLength(3 * 20 * 2);
    expect(result.points.map(({ strength }) => strength)).toEqual(STRENGTHS);
    for (const { strength, kl, klInterval, verdicts, tokens } of result.points) {
      const own = lines.filter((line) => line.strength === strength && line.judge === 'letters');
      expect(own.map(({ promptId }) => promptId)).toEqual(prompts.map(({ id }) => id));
      expect(kl).toBeCloseTo(own.reduce((sum, { nats }) => sum + nats, 0) / 20, 12);
      expect(klInterval.lower).toBeLessThan(kl);
      expect(klInterval.upper).toBeGreaterThan(kl);
      expect(tokens.mean).toBeCloseTo(own.reduce((sum, line) => sum + line.tokens, 0) / 20, 12);
      const { rate, interval } = winRate(own.map(({ share }) => share));
      expect(verdicts[0]).toMatchObject({ judge: 'letters', winRate: rate, interval, calls: null });
      expect(verdicts[1]).toEqual({ ...verdicts[0], judge: 'again' });
    }
    const distances = result.points.map(({ kl }) => kl);
    expect(distances).toEqual(distances.toSorted((a, b) => a - b));
    expect(distances[0]).toBeGreaterThan(0.1);
  });

  it('has the distances of answers read token by token, the adapter scaled by alpha and not in its numbers', async () => {
    const drawn: Generation[][] = STRENGTHS.map(() => []);
    const generate: GenerateGroups = async (vectors, groups, signal) => {
      const generated = await generator.generateGroups(vectors, groups, signal);
      generated.slice(1).forEach((group, place) => drawn[place]?.push(...group));
      return generated;
    };
    const { result } = await measure({ generate, rows: prompts.slice(0, 4) });
    for (const [place, strength] of STRENGTHS.entries()) {
      const scaled = { layout: adapterLayout(tiny.model.architecture, RANK, ALPHA * strength), vector };
      let sum = 0;
      for (const { sequence } of drawn[place] ?? []) {
        const [prompt, response] = [promptOf(sequence), responseOf(sequence)];
        sum += await likelihood(tiny.model, prompt, response, scaled);
        sum -= await likelihood(tiny.model, prompt, response);
      }
      expect(result.points[place]?.kl).toBeCloseTo(sum / 4, 3);
    }
  });

  it('an adapter that changes nothing answers as the base does: no distance, ties alone', async () => {
    const { result } = await measure({ adapter: new Float32Array(layout.length) });
    for (const { kl, distinct2, tokens, verdicts } of result.points) {
      expect(kl).toBeCloseTo(0, 4);
      expect(distinct2).toBe(1);
      expect(tokens).toEqual(result.base.tokens);
      expect(verdicts[0]?.winRate).toBe(0.5);
    }
  });

  it.each([1, 4, 6, 14, 22])('goes on after a kill at checkpoint %i to the same bytes', async (step) => {
    const judges = [judge(), judge('again')];
    const whole = await measure({ judges });
    const killed = recordingHooks(step);
    await expect(measure({ judges }, killed)).rejects.toThrow('killed');
    const bytes = killed.checkpoints.get(step) ?? null;
    expect(bytes).not.toBeNull();
    expect(await measure({ judges }, recordingHooks(), bytes)).toEqual(whole);
    expect(await measure({ judges, changes: { batchSize: 64 } })).toEqual(whole);
  });

  it('refuses the checkpoint of another adapter, other strengths or judges, and too few prompts', async () => {
    const killed = recordingHooks(2);
    await expect(measure({}, killed)).rejects.toThrow('killed');
    const bytes = killed.checkpoints.get(2) ?? null;
    const resumed = (given: Given) => measure(given, recordingHooks(), bytes);
    const other = vector.map((value) => 2 * value);
    await expectForeign(resumed({ adapter: other }), /is of adapter .*this task has adapter/);
    await expectForeign(resumed({ changes: { strengths: [0.5, 1, 2] } }), /is of strengths \[0.5,1,1.5\]/);
    await expectForeign(resumed({ judges: [judge('other')] }), /is of judges \["letters"\]/);
    await expectForeign(resumed({ rows: prompts.slice(1) }), /is of 20 prompts, this task has 19/);
    await expect(measure({ rows: prompts.slice(1, 2) })).rejects.toThrow(/needs two prompts, got 1/);
  });
});

describe('the settings of a frontier', () => {
  const fault = (given: object) => frontierHyperparameters.partial().safeParse(given).error?.issues[0];

  it.each([[[]], [[0]], [[-1]], [[1, 1]], [[1, 0.5]], [[17]], [[1, 2, 3, 4, 5, 6, 7, 8, 9]]])(
    'refuse the strengths %j',
    (strengths) => {
      expect(fault({ strengths })?.path[0]).toBe('strengths');
    },
  );

  it('refuse a cut distribution, and take what is sound', () => {
    expect(fault({ topP: 0.9 })?.path).toEqual(['topP']);
    expect(fault({ strengths: [0.1, 16], topP: 1, promptLimit: null })).toBeUndefined();
  });
});
