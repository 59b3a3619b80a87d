/** What a run without a win is told to try: each piece of advice where its figure speaks for it, and only there. */
import { describe, expect, it } from 'vitest';
import { adviceAfter } from '../../../../scripts/commands/demo/no-win.ts';

type Outcome = Parameters<typeof adviceAfter>[0];

const between = (lower: number, upper: number) => ({
  lower,
  upper,
  confidence: 0.95,
  method: 'wilson' as const,
});

const judgement = (lower: number, upper: number, n = 90) => ({ n, interval: between(lower, upper) });

/** Two cells, the second of which was chosen. */
const selection = (lower: number, upper: number): Outcome['selection'] => ({
  chosen: { klCoefficient: 0.05, steps: 12 },
  table: [
    { klCoefficient: 0.05, steps: 6, meanReward: 9, interval: between(8, 10) },
    { klCoefficient: 0.05, steps: 12, meanReward: (lower + upper) / 2, interval: between(lower, upper) },
  ],
});

const people = (accuracy: number, lower: number, upper: number, lengthOnlyAccuracy: number | null) => ({
  artifact: 'a'.repeat(64),
  trainPairs: 600,
  heldOut: { n: 118, accuracy, interval: between(lower, upper), lengthOnlyAccuracy },
});

const advice = (given: Partial<Outcome>): string =>
  adviceAfter({
    method: 'rlcd',
    judgement: judgement(0.33, 0.53),
    selection: selection(0.61, 1.26),
    judge: undefined,
    preferenceModel: undefined,
    ...given,
  }).join('\n');

describe('what to try next', () => {
  it('says nothing after a win', () => {
    expect(advice({ judgement: judgement(0.72, 0.88) })).toBe('');
  });

  it('doubts a win whose preference model is not shown to know anything', () => {
    const win = judgement(0.66, 0.8);
    const model = (lower: number) => ({ n: 150, accuracy: 0.51, interval: between(lower, 0.59) });
    expect(advice({ judgement: win, preferenceModel: model(0.43) })).toContain('better than a coin (51');
    expect(advice({ judgement: win, preferenceModel: model(0.503) })).toBe('');
  });

  it('names the reward that rose without the judge, with its figure of the chosen cell', () => {
    expect(advice({})).toContain(
      "own reward rose (0.00 to 0.94 [0.61, 1.26] deviations of the base's scores)",
    );
    expect(advice({})).toContain('rlcd principle measures them');
  });

  it('asks for more steps where the reward did not rise', () => {
    const text = advice({ selection: selection(-0.2, 0.4) });
    expect(text).toContain('hardly rose on dev prompts (0.00 to 0.10 [-0.20, 0.40]');
    expect(text).not.toContain('word the principle');
  });

  it('holds the reward against that of the base, which answers that do not end make less than 0', () => {
    const base = { meanReward: -0.85, interval: between(-1, -0.7) };
    const text = advice({ selection: { ...selection(-0.46, 0.42), base } });
    expect(text).toContain('own reward rose (-0.85 to -0.02 [-0.46, 0.42]');
    expect(advice({ selection: { ...selection(-0.9, 0.42), base } })).toContain('hardly rose');
  });

  it('names the other method, whichever was run', () => {
    expect(advice({})).toContain('--method rlcd-direct');
    expect(advice({ method: 'rlcd-direct' })).toContain('Try --method rlcd:');
    expect(advice({ method: 'rlcd-direct' })).not.toContain('--method rlcd-direct');
  });

  it('doubts a judge that a coin could be, and one that length equals', () => {
    expect(advice({ judge: people(0.55, 0.46, 0.64, 0.5) })).toContain(
      'not shown to be better than a coin (55.0 % [46.0, 64.0] of 118',
    );
    expect(advice({ judge: people(0.7, 0.61, 0.78, 0.72) })).toContain('Length alone is right as often');
    expect(advice({ judge: people(0.7, 0.61, 0.78, 0.55) })).not.toContain('judge is');
  });

  it('asks for more prompts where the interval is wide and a win may lie in it', () => {
    expect(advice({ judgement: judgement(0.4, 0.66, 52) })).toContain('52 test prompts leave 13 points');
    expect(advice({ judgement: judgement(0.2, 0.45, 52) })).not.toContain('test prompts leave');
  });
});
