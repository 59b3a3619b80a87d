/** Generation and selection on a tiny model. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateCompletions, type GenerationSettings } from '../../../gpu-runner/algorithms/generate.ts';
import { Generator, tokensContaining } from '../../../gpu-runner/algorithms/generator.ts';
import { openReward } from '../../../gpu-runner/algorithms/ppo/open-reward.ts';
import { shardRows } from '../../../gpu-runner/algorithms/prompt.ts';
import { ResponseReader } from '../../../gpu-runner/algorithms/response-text.ts';
import { chooseCell, selectCell } from '../../../gpu-runner/algorithms/select.ts';
import { adapterLayout, initialAdapter } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { sequenceOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { normal } from '../../../shared/random.ts';
import { generateResult } from '../../../shared/api/tasks/generate.ts';
import { selectResult } from '../../../shared/api/tasks/select.ts';
import { expectForeign } from './foreign-checkpoint.ts';
import { openTinyModel, recordingHooks, tinyBannedTokens, tinyPrompts } from './tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let base: Generator;
let adapted: Generator;
beforeAll(async () => {
  tiny = await openTinyModel();
  const options = {
    model: tiny.model,
    promptForm: 'prefix',
    temperature: 1,
    topP: 0.9,
    maximumNewTokens: 16,
    bannedTokens: tinyBannedTokens(tiny.model),
    seed: 4,
    maximumTime: 100,
    referenceTemperature: 1,
    withReference: true,
    sampleRows: 8,
    scoreRows: 8,
  } as const;
  base = await Generator.open(options);
  const layout = adapterLayout(tiny.model.architecture, 2, 4);
  adapted = await Generator.open({ ...options, adapters: { layout, groups: 1 } });
});
afterAll(async () => {
  await base.close();
  await adapted.close();
  tiny.close();
});

const settings: GenerationSettings = {
  promptForm: 'prefix',
  responseOpening: '',
  maximumNewTokens: 16,
  contextLength: 100,
  batchSize: 8,
  checkpointEvery: 1,
};
const prompts = tinyPrompts(20);
/** Too long. */
const odd = ['Tom ran. '.repeat(40), 'Ann sat. '.repeat(50)].map((text, index) => ({
  id: `odd-${index}`,
  text,
  row: 20 + index,
}));

const generate = async (
  rows = prompts,
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
  changes: Partial<GenerationSettings> = {},
) =>
  await generateCompletions(
    rows,
    { ...settings, ...changes },
    tiny.model.tokenizer,
    (requests, signal) => base.generate(requests, signal),
    recorded.hooks,
    resume,
  );

describe('generation', () => {
  it('leaves out what cannot be answered, counts it, and answers the rest as ever', async () => {
    const whole = await generate();
    const { completions, result } = await generate([...odd, ...prompts]);
    expect(completions).toEqual(whole.completions);
    expect(generateResult.parse(result)).toEqual({
      ...whole.result,
      leftOut: { 'too-long': 2 },
    });
    await expect(generate(odd)).rejects.toThrow(/none of 2 prompts is of use; the first: prompt odd-0 has/);
  });

  it('answers every prompt, whatever the shards and batches, and goes on after a kill to the same bytes', async () => {
    const whole = await generate();
    expect(generateResult.parse(whole.result)).toEqual(whole.result);
    expect(whole.completions.map(({ promptId }) => promptId)).toEqual(prompts.map(({ id }) => id));
    const halves = [];
    for (const index of [0, 1]) halves.push(await generate(shardRows(prompts, { index, count: 2 })));
    expect(halves.flatMap(({ completions }) => completions.map(({ completion }) => completion))).toEqual(
      whole.completions.map(({ completion }) => completion),
    );
    const killed = recordingHooks(1);
    await expect(generate(prompts, killed)).rejects.toThrow('killed');
    const bytes = killed.checkpoints.get(1) ?? null;
    expect(await generate(prompts, recordingHooks(), bytes)).toEqual(whole);
    const resumed = (rows = prompts, changes: Partial<GenerationSettings> = {}) =>
      generate(rows, recordingHooks(), bytes, changes);
    await expectForeign(resumed(prompts.slice(1)), /is of 20 prompts, this task has 19/);
    await expectForeign(resumed(prompts.toReversed()), /20 other prompts than this task's/);
    await expectForeign(resumed(prompts, { maximumNewTokens: 8 }), /16, this task has maximumNewTokens 8/);
  });

  it('an adapter of zeros is the base', async () => {
    const zeros = new Float32Array(adapterLayout(tiny.model.architecture, 2, 4).length);
    const requests = prompts.map(({ text, row }) => ({
      promptTokens: tiny.model.tokenizer.encode(text, { bos: true }),
      stream: row,
    }));
    const signal = new AbortController().signal;
    const [one, other] = [
      await base.generate(requests, signal),
      await adapted.generate(requests, signal, zeros),
    ];
    expect(other.map(({ sequence }) => sequence)).toEqual(one.map(({ sequence }) => sequence));
  });

  it('bans every token whose text holds a banned text', () => {
    const { tokenizer } = tiny.model;
    const banned = new Set(tokensContaining(tokenizer, ['k']));
    expect(banned.size).toBeGreaterThan(2);
    const kept = Array.from({ length: tokenizer.vocabularySize }, (_, token) => token).filter(
      (token) => !banned.has(token),
    );
    expect(kept.some((token) => tokenizer.decode([token]).includes('k'))).toBe(false);
  });
});

describe('reading of responses', () => {
  it('scores a story to its last whole sentence and knows whether it ended', () => {
    const { tokenizer } = tiny.model;
    const reader = new ResponseReader(tokenizer, 'prefix');
    const prompt = tokenizer.encode('They were kind.', { bos: true });
    const whole = tokenizer.encode('They smiled and shared.');
    const tokens = Int32Array.of(...whole, ...tokenizer.encode('They loved'));
    const open = reader.read(sequenceOf(prompt, tokens));
    expect(open).toMatchObject({ ended: false, scoredTokens: whole.length });
    expect(open.text.trim()).toBe('They smiled and shared. They loved');
    const ends = reader.tokenEnds(sequenceOf(prompt, tokens), open);
    expect(ends).toHaveLength(tokens.length);
    expect(ends.at(-1)).toBe(open.text.length);
    expect(ends.toSorted((a, b) => a - b)).toEqual(ends);
    const withEnd = Int32Array.of(...tokens, 2);
    expect(reader.tokenEnds(sequenceOf(prompt, withEnd), reader.read(sequenceOf(prompt, withEnd)))).toEqual([
      ...ends,
      open.text.length,
    ]);
    expect(reader.read(sequenceOf(prompt, [...whole, 2]))).toMatchObject({
      ended: true,
      scoredTokens: whole.length,
    });
    expect(reader.read(sequenceOf(prompt, tokenizer.encode('They loved')))).toMatchObject({ ended: false });
  });

  it('P5d a dialogue is complete only with its stop, and is scored up to it', () => {
    const { tokenizer } = tiny.model;
    const reader = new ResponseReader(tokenizer, 'dialogue');
    const prompt = tokenizer.encode('They were kind.', { bos: true });
    const stopped = tokenizer.encode('They smiled.\n\nHuman:');
    const more = Int32Array.of(...stopped, ...tokenizer.encode('They hit'));
    expect(reader.read(sequenceOf(prompt, more))).toMatchObject({
      ended: true,
      scoredTokens: stopped.length,
    });
    expect(reader.tokenEnds(sequenceOf(prompt, more), reader.read(sequenceOf(prompt, more)))).toHaveLength(
      stopped.length,
    );
    expect(reader.read(sequenceOf(prompt, tokenizer.encode('They smiled.')))).toMatchObject({ ended: false });
  });
});

describe('selection', () => {
  it('takes the cell with the highest mean reward and shows all of them with intervals', async () => {
    const { model } = tiny;
    const layout = adapterLayout(model.architecture, 2, 4);
    const asked = prompts.map(({ id, text }) => ({
      id,
      text,
      tokens: model.tokenizer.encode(text, { bos: true }),
    }));
    const reward = await openReward(model, {
      preferenceModel: { rank: 2, alpha: 4, vector: initialAdapter(layout, 9, 9, 'normal') },
      prompts: asked,
      promptForm: 'prefix',
      maximumNewTokens: 60,
      microbatchRows: 8,
    });
    const random = (stream: number) =>
      Float32Array.from({ length: layout.length }, (_, index) => 0.1 * normal(1, stream, index));
    const cells = [
      { klCoefficient: 0.2, steps: 5, vector: random(2) },
      { klCoefficient: 0.1, steps: 5, vector: random(1) },
      { klCoefficient: 0.1, steps: 2, vector: new Float32Array(layout.length) },
    ];
    const engine = {
      generate: adapted.generateGroups.bind(adapted),
      reader: new ResponseReader(model.tokenizer, 'prefix'),
      reward,
    };
    const settings = { penaltyWithoutStop: null, minimumDistinct2: null };
    const run = async (chosenCells = cells) =>
      await selectCell(chosenCells, asked, settings, engine, recordingHooks().hooks);
    const result = await run();
    expect(selectResult.parse(result)).toEqual(result);
    expect(result.table.map(({ klCoefficient, steps }) => [klCoefficient, steps])).toEqual([
      [0.1, 2],
      [0.1, 5],
      [0.2, 5],
    ]);
    const best = result.table.toSorted((a, b) => b.meanReward - a.meanReward)[0];
    expect(result.chosen).toEqual({ klCoefficient: best?.klCoefficient, steps: best?.steps });
    // The base's own responses have mean 0 by definition.
    expect(result.table[0]?.meanReward).toBeCloseTo(0, 10);
    expect(result.table[0]?.distinct2).toBe(1);
    expect(await run(cells.toReversed())).toEqual(result);
    await expect(run([])).rejects.toThrow(/needs a cell and two prompts/);
    await reward.close();
  });

  describe('with a share of Dist-2 to keep', () => {
    const interval = { lower: 0, upper: 1, confidence: 0.95 };
    const measured = (steps: number, meanReward: number, distinct2: number, kl = steps) => ({
      klCoefficient: 0.1,
      steps,
      n: 9,
      meanReward,
      interval,
      meanLength: 5,
      kl,
      distinct2,
    });
    const table = [measured(5, 0.5, 0.95), measured(10, 1, 0.8), measured(20, 2, 0.7)];

    it.each([
      [null, 20],
      [0.7, 20],
      [0.71, 10],
      [0.8, 10],
      [0.81, 5],
      [0.96, 5],
    ])('%s chooses %i steps', (minimum, steps) => {
      expect(chooseCell(table, minimum).steps).toBe(steps);
    });

    it('takes the lower KL between equals, and names an empty table', () => {
      const equals = [measured(5, 1, 0.9, 3), measured(10, 1, 0.9, 2)];
      expect(chooseCell(equals, 0.8).steps).toBe(10);
      expect(chooseCell(equals, 0.95).steps).toBe(10);
      expect(() => chooseCell([], null)).toThrow(/no cell to choose from/);
    });
  });
});
