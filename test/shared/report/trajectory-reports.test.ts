/** Runs of PPO policy by policy in a report: the stage's figures, what judges say became of them, and the alarm counted over all. */
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../shared/report/build-report.ts';
import { reportDocument } from '../../../shared/report/document.ts';
import type { ExperimentEvidence } from '../../../shared/report/evidence.ts';
import { reportPage } from '../../../shared/report/html/page.ts';
import { reportMarkdown } from '../../../shared/report/markdown.ts';
import { GOLD, SETTING, syntheticEvidence } from './synthetic-evidence.ts';

const PROMPTS = 120;
const STEPS = [3, 6, 9, 12];
/** By KL coefficient: with the lower one the policy is good for a while. */
const RATES: Readonly<Record<number, readonly number[]>> = {
  0.004: [0.6, 0.8, 0.55, 0.4],
  0.016: [0.55, 0.6, 0.65, 0.7],
};
const interval = { lower: 0.1, upper: 0.9, confidence: 0.95 };
const tokens = { n: PROMPTS, mean: 22, standardDeviation: 1, minimum: 20, median: 22, maximum: 24 };

/** The judges say the same but for one that is always even. */
function withTrajectory(evidence: ExperimentEvidence): ExperimentEvidence {
  if (evidence.results['ppo'] === undefined) return evidence;
  const cells = Object.entries(RATES).flatMap(([coefficient, rates]) =>
    rates.map((rate, place) => ({ klCoefficient: Number(coefficient), steps: STEPS[place] ?? 0, rate })),
  );
  return {
    ...evidence,
    trajectory: cells.flatMap(({ klCoefficient, steps, rate }) =>
      Array.from({ length: PROMPTS }, (_, prompt) =>
        ['sentiment', 'even'].map((judge) => ({
          klCoefficient,
          steps,
          promptId: String(prompt),
          nats: steps / 2,
          tokens: 22,
          judge,
          share: judge === 'even' ? 0.5 : Number(prompt < rate * PROMPTS),
        })),
      ).flat(),
    ),
    results: {
      ...evidence.results,
      trajectory: [
        {
          n: PROMPTS,
          base: { tokens, endedShare: 0.5, distinct2: 0.7 },
          points: cells.map(({ klCoefficient, steps, rate }) => ({
            klCoefficient,
            steps,
            kl: steps / 2,
            klInterval: { lower: steps / 2 - 1, upper: steps / 2 + 1, confidence: 0.95 },
            tokens,
            endedShare: 0.5,
            distinct2: 0.9,
            verdicts: ['sentiment', 'even'].map((judge) => ({
              judge,
              winRate: judge === 'even' ? 0.5 : rate,
              interval,
              lengthControlled: null,
              unparsable: 0,
              calls: null,
              cost: null,
            })),
          })),
        },
      ],
    },
  };
}

const build = (experiments: readonly ExperimentEvidence[]) =>
  buildReport({ setting: SETTING, experiments, gold: GOLD, agreement: [] });
const evidence = syntheticEvidence([1, 2], 20).map(withTrajectory);
const document = build(evidence);
const [bySentiment, byEven] = document.trajectories;

describe('trajectories of a report', () => {
  it('are of its schema, and absent where nobody asked', () => {
    expect(reportDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    const without = build(syntheticEvidence([1], 20));
    expect(without.trajectories).toEqual([]);
    const { trajectories: _, ...before } = without;
    expect(reportDocument.parse(before)).toEqual(without);
    expect(reportMarkdown(without)).not.toContain('Along training');
  });

  it('tell of every run what became of it, beside what the alarm did in it', () => {
    // Three methods have PPO, with two seeds and two coefficients each.
    expect(bySentiment?.runs).toHaveLength(12);
    const [low, high] = bySentiment?.runs ?? [];
    expect(low).toMatchObject({
      method: 'rlcd',
      seed: 1,
      klCoefficient: 0.004,
      best: { steps: 6, winRate: 0.8 },
      last: { steps: 12, winRate: 0.4 },
      fellBy: 9,
      // Kept after 8 steps: two thirds of the way from 0.8 to 0.55.
      alarm: { raisedAt: 9, chosenSteps: 8 },
    });
    expect(low?.alarm.winRate).toBeCloseTo(0.8 - (0.25 * 2) / 3, 12);
    expect(low?.points.map(({ steps, kl, winRate }) => [steps, kl.value, winRate.value])).toEqual([
      [3, 1.5, 0.6],
      [6, 3, 0.8],
      [9, 4.5, 0.55],
      [12, 6, 0.4],
    ]);
    expect(high).toMatchObject({ klCoefficient: 0.016, fellBy: null, alarm: { raisedAt: null } });
  });

  it('count the alarm where the judge saw a fall and where it saw none', () => {
    const { fallen, held, lead } = bySentiment?.alarm ?? {};
    expect(fallen).toMatchObject({ runs: 6, raised: 6 });
    expect(fallen?.interval?.lower).toBeCloseTo(0.61, 2);
    expect(fallen?.kept.byAlarm).toBeCloseTo((0.3 - (0.25 * 2) / 3) / 0.3, 12);
    expect(fallen?.kept.byLastStep).toBeCloseTo(-1 / 3, 12);
    expect(held).toMatchObject({ runs: 6, raised: 0, kept: { byAlarm: 1, byLastStep: 1 } });
    expect(lead).toEqual({ n: 6, minimum: 0, median: 0, maximum: 0 });
    // To a judge to whom all are even no run fell: the same alarms are false ones.
    expect(byEven?.alarm.fallen).toMatchObject({ runs: 0, raised: 0, interval: null });
    expect(byEven?.alarm.held).toMatchObject({ runs: 12, raised: 6, kept: { byAlarm: null } });
    expect(byEven?.alarm.lead).toBeNull();
  });

  it('are written with the plot, the count and every run', () => {
    const markdown = reportMarkdown(document);
    expect(markdown).toContain('## Along training, judged by sentiment');
    expect(markdown).toContain('| fell | 6 | 6: 100.0 % \\[61.0, 100.0\\] | 44.4 | -33.3 |');
    expect(markdown).toContain('| held | 12 | 6: 50.0 % \\[25.4, 74.6\\] | – | – |');
    expect(markdown).toContain(
      '| rlcd | 1 | 0.004 | 80.0 after 6 | 40.0 after 12 | &lt; 0.001 | 9 | 9 | 63.3 after 8 |',
    );
    expect(reportPage(document)).toContain('Along training, judged by even');
  });
});
