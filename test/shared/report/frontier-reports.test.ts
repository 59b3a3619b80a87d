/** Frontiers in a report: the figures of the stage, methods matched by the rows, and what is said where there is nothing to match. */
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../shared/report/build-report.ts';
import { reportDocument } from '../../../shared/report/document.ts';
import type { ExperimentEvidence } from '../../../shared/report/evidence.ts';
import { frontierReports } from '../../../shared/report/frontier-reports.ts';
import { reportPage } from '../../../shared/report/html/page.ts';
import { reportMarkdown } from '../../../shared/report/markdown.ts';
import { GOLD, REACH, SETTING, STRENGTHS_OF_ADAPTERS, syntheticEvidence } from './synthetic-evidence.ts';

const evidence = syntheticEvidence([1, 2], 120, 'sentiment');
const build = (experiments: readonly ExperimentEvidence[] = evidence) =>
  buildReport({ setting: SETTING, experiments, gold: GOLD, agreement: [] });
const document = build();
const [report] = document.frontiers;

const changed = (change: (one: ExperimentEvidence) => Partial<ExperimentEvidence>) =>
  evidence.map((one) => Object.assign({}, one, change(one)));
const rowsOf = (method: string, seed: number, strength: number) =>
  evidence
    .filter((one) => one.method === method && one.seed === seed)
    .flatMap(({ frontier }) => frontier.filter((row) => row.strength === strength));
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('frontiers of a report', () => {
  it('are of its schema, the same for the same evidence, and absent where nobody asked', () => {
    expect(reportDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    expect(build()).toEqual(document);
    const without = build(syntheticEvidence([1], 20));
    expect(without.frontiers).toEqual([]);
    const { frontiers: _, ...before } = without;
    expect(reportDocument.parse(before)).toEqual(without);
    expect(reportMarkdown(without)).not.toContain('equal distance');
  });

  it('show every point of every method and seed as its stage measured it', () => {
    expect(report?.judge).toBe('sentiment');
    expect(report?.curves.map(({ method, seed }) => `${method} ${seed}`)).toEqual(
      evidence.filter(({ method }) => method !== 'base').map(({ method, seed }) => `${method} ${seed}`),
    );
    for (const { method, seed, points } of report?.curves ?? []) {
      expect(points.map(({ strength }) => strength)).toEqual(STRENGTHS_OF_ADAPTERS);
      for (const { strength, kl, winRate } of points) {
        const rows = rowsOf(method, seed, strength);
        expect(kl.value).toBeCloseTo(meanOf(rows.map(({ nats }) => nats)), 12);
        expect(winRate.value).toBeCloseTo(meanOf(rows.map(({ share }) => share)), 12);
      }
    }
  });

  it('match the methods where the nearest one ends, by hand from the rows', () => {
    const reach = (method: string) =>
      Math.min(...[1, 2].map((seed) => meanOf(rowsOf(method, seed, 2).map(({ nats }) => nats))));
    const nearest = reach('context-distillation');
    expect(nearest).toBeCloseTo(4 * (REACH['context-distillation'] ?? 0), 0);
    const { levels = [], methods = [], prompts, stayed } = report?.matched ?? {};
    expect({ prompts, stayed }).toEqual({ prompts: 120, stayed: [] });
    expect(levels.map(({ kl }) => kl.value)).toEqual([nearest, nearest / 2]);
    expect(methods.find(({ method }) => method === 'rlaif')?.reach).toBeCloseTo(reach('rlaif'), 12);
    // Of rlaif strengths 1 and 2 stand around it: about 1 and 4 nats.
    const [first, second] = [1, 2].map((seed) => {
      const [near, far] = [1, 2].map((strength) => {
        const rows = rowsOf('rlaif', seed, strength);
        return { kl: meanOf(rows.map(({ nats }) => nats)), rate: meanOf(rows.map(({ share }) => share)) };
      });
      if (!near || !far) throw new Error('no points');
      const [from, at, to] = [near.kl, nearest, far.kl].map(Math.sqrt);
      return near.rate + (((at ?? 0) - (from ?? 0)) / ((to ?? 0) - (from ?? 0))) * (far.rate - near.rate);
    });
    const rlaif = levels[0]?.rates.find(({ method }) => method === 'rlaif');
    expect(rlaif?.perSeed).toEqual([
      { seed: 1, value: expect.closeTo(first ?? 0, 12) },
      { seed: 2, value: expect.closeTo(second ?? 0, 12) },
    ]);
    expect(rlaif?.rate.value).toBeCloseTo(((first ?? 0) + (second ?? 0)) / 2, 12);
    expect(rlaif?.rate.interval.lower).toBeLessThan(rlaif?.rate.value ?? 0);
  });

  it('tell methods apart by letters exactly where the adjusted p does, the best first', () => {
    const { methods = [], differences = [], levels = [] } = report?.matched ?? {};
    const values = levels[0]?.rates.map(({ rate }) => rate.value) ?? [];
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(levels[0]?.rates.map(({ method }) => method)).toEqual(methods.map(({ method }) => method));
    expect(differences).toHaveLength(6);
    const lettersOf = (name: string) => methods.find(({ method }) => method === name)?.groups ?? '';
    const told = differences.map(({ first, second, difference, adjustedP }) => {
      const shared = Array.from(lettersOf(first)).some((letter) => lettersOf(second).includes(letter));
      expect(shared, `${first} against ${second}, p ${adjustedP}`).toBe(adjustedP >= 0.05);
      // Holm can only keep a pair that its own interval would tell apart.
      expect(shared || difference.interval.lower * difference.interval.upper > 0).toBe(true);
      return !shared;
    });
    expect(told).toContain(true);
    expect(told).toContain(false);
  });

  it('compare on the prompts that all of them answered', () => {
    const fewer = changed(({ method, frontier }) =>
      method === 'rlaif' ? { frontier: frontier.filter(({ promptId }) => Number(promptId) >= 20) } : {},
    );
    expect(frontierReports(fewer)[0]?.matched?.prompts).toBe(100);
    const none = changed(({ method, frontier }) =>
      method === 'rlaif'
        ? { frontier: frontier.map((row) => ({ ...row, promptId: `x${row.promptId}` })) }
        : {},
    );
    const [unmatched] = frontierReports(none);
    expect(unmatched?.matched).toBeNull();
    expect(unmatched?.curves).toHaveLength(8);
    expect(reportMarkdown(build(none))).toContain('Nothing can be compared at equal distance');
  });

  it('say which method is not compared because it has not left the base', () => {
    const still = changed(({ method, frontier }) =>
      method === 'rlaif' ? { frontier: frontier.map((row) => ({ ...row, nats: -0.01 })) } : {},
    );
    const [found] = frontierReports(still);
    expect(found?.matched?.stayed).toEqual(['rlaif']);
    expect(found?.matched?.methods.map(({ method }) => method)).not.toContain('rlaif');
    expect(reportMarkdown(build(still))).toContain('no point beyond 0 nats: rlaif');
  });

  it('are by judge where several judged', () => {
    const two = changed(({ frontier }) => ({
      frontier: frontier.flatMap((row) => [row, { ...row, judge: 'other', share: 1 - row.share }]),
    }));
    const [one, other] = frontierReports(two);
    expect([one?.judge, other?.judge]).toEqual(['sentiment', 'other']);
    const rate = (of: typeof one, method: string) =>
      of?.matched?.levels[0]?.rates.find((found) => found.method === method)?.rate.value ?? Number.NaN;
    expect(rate(one, 'rlcd') + rate(other, 'rlcd')).toBeCloseTo(1, 12);
  });

  it('are shown with a plot, the matched table and every point', () => {
    const markdown = reportMarkdown(document);
    expect(markdown).toContain('## At equal distance from the base, judged by sentiment');
    expect(markdown).toMatch(/\| rlcd \| a\w? \| [\d.]+ \|/);
    expect(markdown).toMatch(/\| rlcd-rescore \| 2 \| 0\.5 \|/);
    const page = reportPage(document);
    expect(page).toContain('aria-label="win rate (%) by KL from the base (nats a response)"');
    expect(page).toBe(reportPage(build()));
  });
});
