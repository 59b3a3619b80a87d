/** Adapters beside the base on a tiny model, one at several strengths and the cells of a run: distances against another way to compute them, kills, bad input. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureBesideBase, type BesideBaseSettings } from '../../../gpu-runner/algorithms/beside-base.ts';
import { adapterAtStrengths } from '../../../gpu-runner/algorithms/frontier.ts';
import type { GenerateGroups, Generation } from '../../../gpu-runner/algorithms/generation.ts';
import { Generator } from '../../../gpu-runner/algorithms/generator.ts';
import { scoringJudge, type PairJudge } from '../../../gpu-runner/algorithms/judge/pair-judge.ts';
import type { GridCell } from '../../../gpu-runner/algorithms/select.ts';
import { cellsBesideBase } from '../../../gpu-runner/algorithms/trajectory.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { promptOf, responseOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { frontierHyperparameters, frontierLine, frontierResult } from '../../../shared/api/tasks/frontier.ts';
import { trajectoryLine, trajectoryResult } from '../../../shared/api/tasks/trajectory.ts';
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

const settings: BesideBaseSettings = {
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
  readonly changes?: Partial<BesideBaseSettings>;
  readonly judges?: readonly PairJudge[];
  readonly generate?: GenerateGroups;
  readonly adapter?: Float32Array;
  readonly strengths?: readonly number[];
}

const measure = async (
  {
    rows = prompts,
    changes = {},
    judges = [judge()],
    generate,
    adapter = vector,
    strengths = STRENGTHS,
  }: Given = {},
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
) =>
  await measureBesideBase(
    rows,
    adapterAtStrengths({ layout, vector: adapter }, strengths),
    { ...settings, ...changes },
    engineOf(judges, generate),
    recorded.hooks,
    resume,
  );

/** Draws as ever, and keeps what each adapter drew, the base left out. */
function recordingGenerate() {
  const drawn: Generation[][] = STRENGTHS.map(() => []);
  const generate: GenerateGroups = async (vectors, groups, signal) => {
    const generated = await generator.generateGroups(vectors, groups, signal);
    generated.slice(1).forEach((group, place) => drawn[place]?.push(...group));
    return generated;
  };
  return { drawn, generate };
}

/** Mean over answers of log p under the adapter less that under the base, read token by token. */
async function natsFromBase(
  drawn: readonly Generation[] = [],
  adapter: { readonly layout: typeof layout; readonly vector: Float32Array },
): Promise<number> {
  let sum = 0;
  for (const { sequence } of drawn) {
    const [prompt, response] = [promptOf(sequence), responseOf(sequence)];
    sum += await likelihood(tiny.model, prompt, response, adapter);
    sum -= await likelihood(tiny.model, prompt, response);
  }
  return sum / drawn.length;
}

const engineOf = (judges: readonly PairJudge[], generate?: GenerateGroups) => ({
  tokenizer: tiny.model.tokenizer,
  generate: generate ?? generator.generateGroups.bind(generator),
  judges,
});

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
    const { drawn, generate } = recordingGenerate();
    const { result } = await measure({ generate, rows: prompts.slice(0, 4) });
    for (const [place, strength] of STRENGTHS.entries()) {
      const scaled = { layout: adapterLayout(tiny.model.architecture, RANK, ALPHA * strength), vector };
      expect(result.points[place]?.kl).toBeCloseTo(await natsFromBase(drawn[place], scaled), 3);
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
    await expectForeign(resumed({ strengths: [0.5, 1, 2] }), /is of strengths \[0.5,1,1.5\]/);
    await expectForeign(resumed({ judges: [judge('other')] }), /is of judges \["letters"\]/);
    await expectForeign(resumed({ rows: prompts.slice(1) }), /is of 20 prompts, this task has 19/);
    await expect(measure({ rows: prompts.slice(1, 2) })).rejects.toThrow(/needs two prompts, got 1/);
  });
});

describe('the trajectory', () => {
  const cell = (klCoefficient: number, steps: number, scale: number) => {
    return { klCoefficient, steps, vector: vector.map((value) => scale * value) };
  };
  const run = async (
    cells: readonly GridCell[],
    recorded = recordingHooks(),
    resume: Uint8Array | null = null,
    generate?: GenerateGroups,
  ) =>
    await measureBesideBase(
      prompts,
      cellsBesideBase(cells),
      settings,
      engineOf([judge()], generate),
      recorded.hooks,
      resume,
    );

  it('tells of every cell how far it is and who wins, in the order of the run, whichever order they come in', async () => {
    const cells = [cell(0.1, 4, 1), cell(0.02, 12, 0.7), cell(0.02, 4, 0)];
    const { drawn, generate } = recordingGenerate();
    const { lines, result } = await run(cells, recordingHooks(), null, generate);
    expect(trajectoryResult.parse(result)).toEqual(result);
    expect(lines.map((line) => trajectoryLine.parse(line))).toEqual(lines);
    const named = [
      { klCoefficient: 0.02, steps: 4 },
      { klCoefficient: 0.02, steps: 12 },
      { klCoefficient: 0.1, steps: 4 },
    ];
    expect(result.points).toMatchObject(named);
    for (const [place, name] of named.entries()) {
      const own = lines.filter(
        ({ klCoefficient, steps }) => klCoefficient === name.klCoefficient && steps === name.steps,
      );
      expect(own.map(({ promptId }) => promptId)).toEqual(prompts.map(({ id }) => id));
      expect(result.points[place]?.kl).toBeCloseTo(own.reduce((sum, { nats }) => sum + nats, 0) / 20, 12);
      expect(result.points[place]?.verdicts[0]?.winRate).toBe(winRate(own.map(({ share }) => share)).rate);
    }
    for (const [place, { vector: own }] of cells.toReversed().entries()) {
      const nats = await natsFromBase(drawn[place], { layout, vector: own });
      expect(result.points[place]?.kl).toBeCloseTo(nats, 3);
    }
    expect(result.points[1]?.kl).toBeGreaterThan(0.1);
    expect(result.points[0]?.kl).toBeCloseTo(0, 4);
    expect(result.points[0]?.verdicts[0]?.winRate).toBe(0.5);
    expect(await run(cells.toReversed())).toEqual({ lines, result });
  });

  it('goes on after a kill to the same bytes, with its own cells alone', async () => {
    const cells = [cell(0.02, 4, 0.5), cell(0.02, 8, 0.7), cell(0.02, 12, 1)];
    const killed = recordingHooks(2);
    await expect(run(cells, killed)).rejects.toThrow('killed');
    const bytes = killed.checkpoints.get(2) ?? null;
    expect(await run(cells, recordingHooks(), bytes)).toEqual(await run(cells));
    await expectForeign(
      run([...cells.slice(0, 2), cell(0.02, 12, 0.9)], recordingHooks(), bytes),
      /adapters/,
    );
    await expectForeign(run([...cells.slice(0, 2), cell(0.02, 13, 1)], recordingHooks(), bytes), /cells/);
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
