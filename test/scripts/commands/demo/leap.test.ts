/** Before the leap, with the engine and the bundled model as one of one's own: what stops a run, what goes on, and again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leap, type LeapJudge } from '../../../../scripts/commands/demo/leap.ts';
import type { AlignmentOptions } from '../../../../scripts/commands/demo/run-alignment.ts';
import { readBaseModel } from '../../../../scripts/experiment/base-model.ts';
import type { LookMaterials } from '../../../../scripts/experiment/look.ts';
import { readPrinciple } from '../../../../scripts/experiment/principle.ts';
import { readPrompts } from '../../../../scripts/experiment/prompts.ts';
import { HYPERPARAMETERS, settingsOfMethod } from '../../../../shared/planner/alignment-settings.ts';

const MODEL = 'gpu-runner/models/stories';
const ELSEWHERE = { kind: 'served', name: 's', url: 'http://127.0.0.1:1/v1', model: 'm' } as const;
const { signal } = new AbortController();
let folder = '';
let materials: LookMaterials;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rlcd-leap-'));
  materials = {
    principle: await readPrinciple('kind-stories'),
    prompts: await readPrompts(undefined),
    model: await readBaseModel(MODEL, folder),
    simulator: null,
  };
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const given: AlignmentOptions = {
  host: 'node',
  method: 'rlcd',
  scale: 'small',
  seed: 1,
  model: MODEL,
  principle: 'kind-stories',
  port: 0,
  exit: true,
  json: true,
  yes: false,
  answerTokens: 24,
};

async function leapWith(
  options: Partial<AlignmentOptions>,
  changed: Partial<LookMaterials> = {},
  judge?: LeapJudge,
) {
  const told: string[] = [];
  const context = {
    options: { ...given, ...options },
    hyperparameters: HYPERPARAMETERS.small,
    materials: { ...materials, ...changed },
    judge,
    folder,
    cache: folder,
    startedAt: new Date(),
    tell: (text: string) => void told.push(text),
  };
  return { told, leaping: leap(context, signal) };
}

function sidesAlike({ principle: { name, definition } }: LookMaterials): LookMaterials['principle'] {
  const affixPairs = definition.affixPairs.slice(0, 1).map(({ positive, scoringInstruction }) => ({
    positive,
    negative: positive,
    scoringInstruction,
  }));
  return { name, definition: { ...definition, affixPairs } };
}

// Each look opens the engine twice.
describe('before the leap', { timeout: 240_000 }, () => {
  it('has the settings of the stages that the method has, and no start where there is no preference model', async () => {
    const { leaping } = await leapWith({ model: 'bundled', method: 'rlcd-direct' });
    const { ppo, select, generate } = HYPERPARAMETERS.small;
    // The contrast is held to the base by a dearer KL.
    const direct = { ...ppo, klCoefficients: [0.2, 0.4] };
    expect((await leaping).hyperparameters).toEqual({ ppo: direct, select, generate });
    const { ppo: full } = settingsOfMethod('rlcd-direct', HYPERPARAMETERS.full);
    expect(full).toMatchObject({ learningRate: HYPERPARAMETERS.full.ppo?.learningRate });
    expect(full).not.toHaveProperty('valueStart');
    expect(settingsOfMethod('rlcd', HYPERPARAMETERS.full)).toEqual(HYPERPARAMETERS.full);
  });

  it('the bundled model is not looked at, and keeps its settings', async () => {
    const { told, leaping } = await leapWith({ model: 'bundled' });
    expect(await leaping).toEqual({ hyperparameters: HYPERPARAMETERS.small, planned: undefined });
    expect(told).toEqual([]);
  });

  it('sides that say the same stop the run, with the cure', async () => {
    const { told, leaping } = await leapWith({}, { principle: sidesAlike(materials) });
    await expect(leaping).rejects.toThrow(/cannot be told apart.*affixes in words.*--yes/s);
    expect(told.join('')).toMatch(/kept by the filter .*sides told apart .*tokens a second/s);
  });

  it('with yes it goes on; a budget chooses the sizes, and the folder keeps them', async () => {
    const options = { yes: true, budget: 36_000 };
    const changed = { principle: sidesAlike(materials) };
    const { told, leaping } = await leapWith(options, changed);
    const { hyperparameters, planned = {} } = await leaping;
    expect(told.join('')).toMatch(
      /cannot be told apart.*Going on all the same.*stage +size +time +ends at.*Memory: up to/s,
    );
    expect(hyperparameters.simulate?.maximumNewTokens).toBe(24);
    expect(Object.keys(planned)).toEqual([
      'simulate',
      'train-preference-model',
      'ppo',
      'select',
      'generate',
      'generate-base',
      'judge',
    ]);
    const seconds = Object.values(planned).reduce((sum, one) => sum + one, 0);
    expect(seconds).toBeLessThan(36_000);
    const again = await leapWith(options, changed);
    expect(await again.leaping).toEqual({ hyperparameters, planned });
    expect(again.told.join('')).toMatch(/^Looked before/);
  });

  it('a judge takes its part of the budget before the rest is planned, unless it was trained before', async () => {
    const pairs = Array.from({ length: 400 }, () => ({
      prompt: { text: 'p', turns: null },
      chosen: 'a',
      rejected: 'b',
    }));
    const judge = {
      file: 'f',
      pairs,
      tokens: pairs.map(() => 250),
      leftOut: '',
      trainedBefore: undefined,
    };
    const options = { yes: true, budget: 7200 };
    const { told, leaping } = await leapWith(options, {}, judge);
    const { planned = {}, judgePairs } = await leaping;
    expect(Object.keys(planned)[0]).toBe('train-judge');
    expect(judgePairs).toBeGreaterThanOrEqual(100);
    expect(told.join('')).toMatch(
      new RegExp(`^Judge: trained on ${judgePairs} of 400 pairs of people, in \\d+`, 'm'),
    );
    expect(told.join('')).toMatch(new RegExp(`train-judge +${judgePairs} pairs of people`));
    const again = await leapWith(options, {}, judge);
    expect(await again.leaping).toEqual({ ...(await leaping) });
    const trained = await leapWith({ ...options, seed: 2 }, {}, { ...judge, trainedBefore: 123 });
    expect(await trained.leaping).toMatchObject({ judgePairs: 123 });
    expect((await trained.leaping).planned).not.toHaveProperty('train-judge');
    expect(trained.told.join('')).toContain('Judge: trained before, on 123 of 400 pairs of people');
  });

  it('a dialogue leaves out weak contrasts, but of a simulator elsewhere, which tells no likelihoods', async () => {
    const principle = await readPrinciple('helpfulness');
    const own = await (await leapWith({ yes: true }, { principle })).leaping;
    const elsewhere = await (await leapWith({ yes: true }, { principle, simulator: ELSEWHERE })).leaping;
    expect(own.hyperparameters.simulate).toMatchObject({ temperature: 0.7, leastContrast: 0 });
    expect(elsewhere.hyperparameters.simulate).toMatchObject({ temperature: 0.7, leastContrast: null });
  });

  it('a budget is not for a simulator that is served elsewhere', async () => {
    const { leaping } = await leapWith({ budget: 600 }, { simulator: ELSEWHERE });
    await expect(leaping).rejects.toThrow(/--budget plans the time of this machine/);
  });
});
