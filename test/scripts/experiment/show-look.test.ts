/** What a person reads of a look: every figure, on lines of at most 80 columns, and nothing that steers a terminal. */
import { expect, it } from 'vitest';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import type { Look } from '../../../scripts/experiment/look.ts';
import { formatLook, formatMemory, formatStages } from '../../../scripts/experiment/show-look.ts';
import { BUDGET_SETTINGS } from '../../../shared/planner/alignment-settings.ts';
import { sizesForBudget } from '../../../shared/planner/budget-sizes.ts';
import type { ContrastMeasurement } from '../../../shared/principles/contrast.ts';
import { summarise } from '../../../shared/statistics/summary.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';

const share = (held: number) => ({ share: held / 64, interval: wilsonInterval(held, 64) });
const side = (nats: number, tokens: number, rejected: Record<string, number>) => ({
  nats: summarise([nats, nats]),
  tokens: summarise([tokens, tokens]),
  accepted: 32,
  rejected,
  truncated: 4,
});
const answer = (text: string, accepted = true) => ({ text, nats: 1, accepted });
const contrast: ContrastMeasurement = {
  prompts: 32,
  leftOut: undefined,
  separation: share(60),
  acceptance: share(59),
  positive: side(3.1, 44, { 'no-sentence-end': 3 }),
  negative: side(2.2, 40, { 'role-mark': 2 }),
  lengthGap: 4,
  truncatedShare: 0.125,
  rates: { sampled: 96, read: 510 },
  examples: [
    {
      prompt: '\n\nHuman: What should I feed a puppy?\n\nAssistant:',
      positive: answer(`Food for puppies. ${'Really good food. '.repeat(30)}`),
      negative: answer('\u001B[31mNothing\u001B[0m at all', false),
    },
  ],
};
const look: Look = {
  contrast,
  training: {
    trained: 160,
    secondsPerTask: 8,
    promptTokens: 50,
    shape: namedShapes.m135,
    sampleRows: 128,
  },
  sizing: {
    rates: { sampled: 96, read: 510, trained: 160, secondsPerTask: 8 },
    promptTokens: 50,
    prompts: { train: 1400, dev: 200, test: 400 },
    form: 'dialogue',
    answers: { meanTokens: 42, acceptance: 0.92 },
    longestAnswer: 64,
  },
};

it('says what helps where most answers of a dialogue are cut, and nothing of stories, which are by design', () => {
  const cut: Look = { ...look, contrast: { ...contrast, truncatedShare: 0.86 } };
  const stories: Look = { ...cut, sizing: { ...cut.sizing, form: 'prefix' } };
  expect(formatLook(cut, BUDGET_SETTINGS.dialogue)).toMatch(
    /most are cut off +allow longer ones \(--answer-tokens/,
  );
  expect(formatLook(look, BUDGET_SETTINGS.dialogue)).not.toContain('most are cut');
  expect(formatLook(stories, BUDGET_SETTINGS.prefix)).not.toContain('most are cut');
});

it('tells the look', () => {
  const text = formatLook(look, BUDGET_SETTINGS.dialogue);
  for (const figure of [
    /^answers +64 to 32 prompts, one a side$/m,
    /^kept by the filter +92\.2 % \[83\.0, 96\.6\]; refused: 3 no-sentence-end, 2/m,
    /^sides told apart +93\.8 % \[85\.0, 97\.5\]; 3\.1 nats towards, 2\.2 away$/m,
    /^tokens an answer +44\.0 towards, 40\.0 away; 13 % ran to the limit of 300$/m,
    /^tokens a second +96 sampled, 510 read, 160 trained$/m,
    /^ {2}away +Nothing at all \(refused\)$/m,
  ])
    expect(text).toMatch(figure);
  expect(text).not.toContain('\u001B');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

it('tells the memory of the sizes that were chosen', () => {
  const { shape } = look.training;
  const memory = (minutes: number) =>
    Number(
      /up to (\S+) GB/.exec(
        formatMemory(sizesForBudget(60 * minutes, look.sizing).hyperparameters, shape, 25.3e9),
      )?.[1],
    );
  expect(memory(30)).toBeGreaterThan(2);
  expect(memory(600)).toBeGreaterThan(memory(30));
});

it('tells sizes, times and ends of every stage, in order', () => {
  const start = new Date(2026, 0, 5, 20, 0).getTime();
  const plan = sizesForBudget(1800, look.sizing);
  const text = formatStages(plan, start);
  const rows = text.split('\n').slice(2);
  expect(rows.map((row) => row.split(' ')[0])).toEqual([...Object.keys(plan.stages), 'all']);
  expect(rows[0]).toMatch(/^simulate +\d+ prompts x 1, 64 tokens +\d+ min \d+ s +20:\d\d$/);
  expect(rows.find((row) => row.startsWith('ppo'))).toMatch(/1 x \d+ steps of \d+, \d+ tokens/);
  const ends = rows.map((row) => row.slice(-5));
  expect(ends).toEqual(ends.toSorted());
  expect(ends.toSorted().findLast(() => true)).toMatch(/^20:[012]/);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});
