/** Simulation on a tiny model: neither shards, batches nor a kill change a byte, and every refusal names its cause. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Generator } from '../../../../gpu-runner/algorithms/generator.ts';
import { shardRows } from '../../../../gpu-runner/algorithms/prompt.ts';
import { sampledResponses } from '../../../../gpu-runner/algorithms/simulate/responses.ts';
import {
  simulate,
  type SimulationOutcome,
  type SimulationPrompt,
  type SimulationSettings,
} from '../../../../gpu-runner/algorithms/simulate/simulate.ts';
import { simulateResult } from '../../../../shared/api/tasks/simulate.ts';
import { kindStories } from '../../../../shared/principles/kind-stories/kind-stories.ts';
import { expectForeign } from '../foreign-checkpoint.ts';
import {
  openTinyModel,
  recordingHooks,
  tinyBannedTokens,
  tinyConfiguration,
  tinyPrompts,
} from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let generator: Generator;
beforeAll(async () => {
  tiny = await openTinyModel();
  generator = await Generator.open({
    model: tiny.model,
    promptForm: 'prefix',
    temperature: 1,
    topP: 1,
    maximumNewTokens: 24,
    bannedTokens: tinyBannedTokens(tiny.model),
    seed: 5,
    maximumTime: tinyConfiguration.maximumPositions,
    referenceTemperature: 1,
    withReference: false,
    sampleRows: 16,
    scoreRows: 16,
  });
});
afterAll(async () => {
  await generator.close();
  tiny.close();
});

const settings: SimulationSettings = {
  promptForm: 'prefix',
  responseOpening: '',
  sides: 'contrast',
  maximumTries: 5,
  maximumNewTokens: 24,
  contextLength: tinyConfiguration.maximumPositions,
  batchSize: 16,
  checkpointEvery: 2,
};
const prompts = tinyPrompts(24);

async function run(
  changes: Partial<SimulationSettings> = {},
  rows: readonly SimulationPrompt[] = prompts,
  hooks = recordingHooks(),
  resume: Uint8Array | null = null,
): Promise<SimulationOutcome> {
  return await simulate(
    { affixPairs: kindStories.affixPairs, prompts: rows, seed: 5 },
    { ...settings, ...changes },
    sampledResponses(
      tiny.model.tokenizer,
      (requests, signal) => generator.generate(requests, signal),
      (changes.contextLength ?? settings.contextLength) - settings.maximumNewTokens,
    ),
    hooks.hooks,
    resume,
  );
}

describe('simulation', () => {
  it('gives pairs whose report adds up and fits the contract', async () => {
    const { pairs, result } = await run();
    expect(simulateResult.parse(result)).toEqual(result);
    const dropped = Object.values(result.dropped).reduce((sum, count) => sum + count, 0);
    expect(result.pairs + dropped).toBe(prompts.length);
    expect(pairs).toHaveLength(result.pairs);
    for (const pair of pairs) {
      expect(pair.chosen).toMatch(/[.!?]["'”’)]*$/);
      expect(pair.prompt).toBe(prompts.find(({ id }) => id === pair.promptId)?.text);
    }
    expect(new Set(pairs.map(({ affixPair }) => affixPair)).size).toBeGreaterThan(3);
  });

  it('gives the same pairs in one shard or three, in batches of 4 or 16', async () => {
    const whole = await run();
    const shards = [];
    for (const index of [0, 1, 2]) shards.push(await run({}, shardRows(prompts, { index, count: 3 })));
    expect(shards.flatMap(({ pairs }) => pairs)).toEqual(whole.pairs);
    expect((await run({ batchSize: 4 })).pairs).toEqual(whole.pairs);
  });

  it('answers what a stronger model has answered: one side each, joined, and what either fails is left out', async () => {
    const begun = await run({ sides: 'stronger' });
    expect(begun.pairs.every(({ rejected, affixPair }) => rejected === '' && affixPair === null)).toBe(true);
    const byId = new Map(begun.pairs.map((pair) => [pair.promptId, pair]));
    const answered = prompts.flatMap((prompt) => {
      const pair = byId.get(prompt.id);
      return pair === undefined ? [] : [{ ...prompt, stronger: pair }];
    });
    const { pairs, result } = await run({ sides: 'weaker' }, answered);
    expect(simulateResult.parse(result)).toEqual(result);
    expect(result.lengths.chosen).toBeNull();
    const dropped = Object.values(result.dropped).reduce((sum, count) => sum + count, 0);
    expect(result.pairs + dropped).toBe(answered.length);
    for (const { promptId, chosen, rejected, provenance } of pairs) {
      const stronger = byId.get(promptId);
      expect(chosen).toBe(stronger?.chosen);
      expect(provenance?.chosen).toEqual(stronger?.provenance?.chosen);
      expect(rejected).not.toBe('');
      expect(rejected).not.toBe(chosen);
    }
    // The same text from both is no preference.
    const same = answered.map((prompt) => {
      const own = pairs.find(({ promptId }) => promptId === prompt.id);
      const chosen = own?.rejected ?? prompt.stronger.chosen;
      return Object.assign({}, prompt, { stronger: Object.assign({}, prompt.stronger, { chosen }) });
    });
    await expect(run({ sides: 'weaker' }, same)).rejects.toThrow(/identical-sides/);
  });

  it.each([4, 64, 1000])(
    'ends after 256 answers of which hardly one passes, in batches of %i',
    async (batchSize) => {
      const answering = (every: number) => {
        let answered = 0;
        return {
          count: () => answered,
          source: {
            check: () => {},
            respond: async (requests: readonly unknown[]) =>
              requests.map(() => {
                answered += 1;
                return {
                  text: answered % every === 0 ? `It rains ${answered}.` : 'It',
                  tokens: 1,
                  refused: null,
                };
              }),
          },
        };
      };
      const answers = async ({ source }: ReturnType<typeof answering>) =>
        await simulate(
          { affixPairs: kindStories.affixPairs, prompts: tinyPrompts(300), seed: 5 },
          { ...settings, batchSize },
          source,
          recordingHooks().hooks,
          null,
        );
      const hopeless = answering(22);
      await expect(answers(hopeless)).rejects.toThrow(
        /refused 245 of the first 256 answers \(\{"no-sentence-end":245\}\)/,
      );
      expect(hopeless.count()).toBe(Math.min(600, Math.ceil(256 / batchSize) * batchSize));
      expect((await answers(answering(18))).pairs.length).toBeGreaterThan(0);
    },
  );

  it('goes on after a kill from its checkpoint to the same bytes', async () => {
    const whole = await run({ batchSize: 8 });
    const killed = recordingHooks(2);
    await expect(run({ batchSize: 8 }, prompts, killed)).rejects.toThrow('killed');
    const checkpoint = killed.checkpoints.get(2) ?? new Uint8Array();
    expect(await run({ batchSize: 8 }, prompts, recordingHooks(), checkpoint)).toEqual(whole);
    const resumed = (changes: Partial<SimulationSettings>, rows = prompts) =>
      run(changes, rows, recordingHooks(), checkpoint);
    await expectForeign(resumed({}, prompts.slice(1)), /of 24 prompts, this task has 23/);
    await expectForeign(resumed({}, prompts.toReversed()), /24 other prompts than this task's/);
    await expectForeign(resumed({ maximumTries: 7 }), /this task has maximumTries 7/);
  });

  it('samples both sides from the plain prompt, or the positive side alone, where the method asks for it', async () => {
    const plain = await run({ sides: 'plain' });
    expect(plain.pairs.every(({ affixPair }) => affixPair === null)).toBe(true);
    const positive = await run({ sides: 'positive' });
    expect(positive.pairs.every(({ rejected }) => rejected === '')).toBe(true);
    expect(positive.result.lengths.rejected).toBeNull();
    const contrast = await run();
    const chosen = new Map(positive.pairs.map(({ promptId, chosen: text }) => [promptId, text]));
    for (const pair of contrast.pairs) expect(chosen.get(pair.promptId)).toBe(pair.chosen);
  });

  it('counts refusals by reason and drops a prompt whose tries are used up', async () => {
    const { result } = await run({ maximumTries: 1, sides: 'positive' });
    const refused = Object.values(result.rejected.chosen).reduce((sum, count) => sum + count, 0);
    expect(refused).toBeGreaterThan(0);
    expect(result.dropped['chosen-failed']).toBe(refused);
    expect(result.meanTries.chosen).toBe(1);
  });

  it('leaves out a prompt that is too long, counts it, and makes the same pairs of the others', async () => {
    const long = { id: 'long', text: 'Tom ran. '.repeat(100), row: 99 };
    const [whole, { pairs, result }] = [await run(), await run({}, [long, ...prompts])];
    expect(pairs).toEqual(whole.pairs);
    expect(result.dropped).toEqual({ ...whole.result.dropped, 'too-long': 1 });
    expect(result.prompts).toBe(whole.result.prompts + 1);
  });

  it('refuses a principle without pairs, no prompt, and prompts longer than the context, before sampling', async () => {
    const none = simulate(
      { affixPairs: [], prompts, seed: 1 },
      settings,
      {
        check() {},
        respond: async () => {
          throw new Error('sampled');
        },
      },
      recordingHooks().hooks,
      null,
    );
    await expect(none).rejects.toThrow(/no affix pair/);
    await expect(run({}, [])).rejects.toThrow(/no prompt/);
    await expect(run({ contextLength: 40 })).rejects.toThrow(/prompt p0 has \d+ tokens.*leaves room for 16/);
  });
});
