/** The report's numbers against what the evidence was made of, and against counts made another way. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../shared/report/build-report.ts';
import { mirror, verdictOf } from '../../../shared/report/claims.ts';
import { reportDocument } from '../../../shared/report/document.ts';
import { ReportError, type ExperimentEvidence } from '../../../shared/report/evidence.ts';
import { judgeResult } from '../../../shared/api/tasks/judge.ts';
import { reportMarkdown } from '../../../shared/report/markdown.ts';
import { GOLD, LABEL_ACCURACY, SETTING, STRENGTHS, syntheticEvidence } from './synthetic-evidence.ts';

const evidence = syntheticEvidence([1, 2], 150);
const build = (experiments: readonly ExperimentEvidence[] = evidence) =>
  buildReport({ setting: SETTING, experiments, gold: GOLD, agreement: [] });
const document = build();

describe('buildReport', () => {
  it('gives a document of its schema, the same for the same evidence, and again after JSON', () => {
    expect(reportDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    expect(build()).toEqual(document);
  });

  it('compares every pair of systems by their scores on the same prompt and seed', () => {
    const [judge] = document.judges;
    expect(judge?.matchUps).toHaveLength(10);
    const matchUp = judge?.matchUps.find(({ first, second }) => first === 'rlcd' && second === 'rlaif');
    const scores = (method: string) =>
      evidence
        .filter((one) => one.method === method)
        .flatMap(({ comparisons }) => comparisons.map((row) => row.firstScore ?? 0));
    const [rlcd, rlaif] = [scores('rlcd'), scores('rlaif')];
    const wins = rlcd.filter((score, row) => score > (rlaif[row] ?? 0)).length;
    expect(matchUp).toMatchObject({ n: 300, wins, losses: 300 - wins, ties: 0 });
    expect(matchUp?.rate.value).toBeCloseTo(wins / 300, 12);
    expect(matchUp?.perSeed.map(({ seed }) => seed)).toEqual([1, 2]);
  });

  it('ranks the systems as they were made', () => {
    const ranked = document.judges[0]?.ranking?.map(({ system }) => system) ?? [];
    expect(ranked.slice(0, 2)).toEqual(['rlcd', 'context-distillation']);
    expect(ranked.toSorted()).toEqual(Object.keys(STRENGTHS).toSorted());
  });

  it('gives systems a letter together exactly where all pairs taken together do not tell them apart', () => {
    const [judge] = document.judges;
    const lettersOf = (name: string) =>
      Array.from(judge?.ranking?.find(({ system }) => system === name)?.groups ?? '');
    const told = (judge?.matchUps ?? []).map(({ first, second, adjustedP }) => {
      const shared = lettersOf(first).some((letter) => lettersOf(second).includes(letter));
      expect(shared, `${first} against ${second}, p ${adjustedP}`).toBe((adjustedP ?? 1) >= 0.05);
      return !shared;
    });
    expect(told).toContain(true);
    expect(told).toContain(false);
    const [weakest] = judge?.ranking?.slice(-1) ?? [];
    expect(weakest?.groups).not.toContain('a');
  });

  it('reads a report of before p-values', async () => {
    // Of 2026-11-29, with less of its grids, alarms, samples and lineage.
    const file = new URL('../../fixtures/reports/before-p-values.json', import.meta.url);
    const { judges, claims } = reportDocument.parse(JSON.parse(await readFile(file, 'utf8')));
    expect(judges.flatMap(({ matchUps }) => matchUps.map(({ adjustedP }) => adjustedP))).toContain(null);
    expect(claims.map(({ overRuns }) => overRuns)).toContain(null);
  });

  it('reads the report that the documents show', async () => {
    const file = new URL('../../../docs/results/paper-small/report.json', import.meta.url);
    const shown = reportDocument.parse(JSON.parse(await readFile(file, 'utf8')));
    const markdown = new URL('report.md', file);
    expect(reportMarkdown(shown)).toBe(await readFile(markdown, 'utf8'));
  });

  it('finds the accuracy of labels by the gold judge, soft labels included', () => {
    expect(document.labels.map(({ method }) => method)).toEqual(['rlcd', 'rlaif', 'rlcd-rescore']);
    for (const { method, accuracy, meanConfidence, pairs } of document.labels) {
      const truth = LABEL_ACCURACY[method as keyof typeof LABEL_ACCURACY] ?? Number.NaN;
      expect(pairs).toBe(300);
      // Four standard errors.
      expect(Math.abs(accuracy.value - truth)).toBeLessThan(4 * Math.sqrt((truth * (1 - truth)) / pairs));
      expect(meanConfidence).toBeCloseTo(method === 'rlcd' ? 1 : 0.5, 12);
    }
  });

  it('names methods that share their pairs once', () => {
    const dpo = evidence
      .filter(({ method }) => method === 'rlcd')
      .map((one) => Object.assign({}, one, { method: 'dpo' }));
    const { labels } = build([...evidence, ...dpo]);
    expect(labels.map(({ method, sameAs }) => [method].concat(sameAs))).toEqual([
      ['rlcd', 'dpo'],
      ['rlaif'],
      ['rlcd-rescore'],
    ]);
  });

  it('says of each claim what its interval says', () => {
    const claims = new Map(document.claims.map((claim) => [claim.quantity, claim]));
    const labels = claims.get('label accuracy of rlcd minus that of rlcd-rescore, by the word good');
    expect(labels?.verdict).toBe('found');
    expect(labels?.estimate.value).toBeCloseTo(
      (document.labels[0]?.accuracy.value ?? 0) - (document.labels[2]?.accuracy.value ?? 0),
      12,
    );
    expect(claims.get('win rate of rlcd against base, by sentiment')?.verdict).toBe('found');
    const around = { value: 0.5, interval: { lower: 0.45, upper: 0.55, confidence: 0.95 } };
    expect(verdictOf(around, 0.5)).toBe('undecided');
    expect(verdictOf(around, 0.6)).toBe('contrary');
    expect(verdictOf(around, 0.4)).toBe('found');
    expect(
      mirror({ value: 0.7, interval: { lower: 0.6, upper: 0.9, confidence: 0.95 } }).interval,
    ).toMatchObject({
      lower: expect.closeTo(0.1, 12),
      upper: expect.closeTo(0.4, 12),
    });
  });

  it('tells how a judge that compares judged, and nothing of one that reads texts alone', () => {
    expect(document.judges[0]?.conduct).toEqual([]);
    const lengths = { n: 300, mean: 40, standardDeviation: 2, minimum: 30, median: 40, maximum: 50 };
    const system = {
      tokens: lengths,
      endedShare: 0,
      distinct2: 0.6,
      meanScore: null,
      perplexityUnderBase: 7,
    };
    const asked = (seed: number, bias: number) => ({
      judge: 'sentiment',
      orders: 'both',
      n: 150,
      winRate: 0.6,
      interval: { lower: 0.5, upper: 0.7, confidence: 0.95 },
      wins: 90,
      losses: 60,
      ties: 0,
      retries: 0,
      tokens: null,
      lengthControlled: null,
      first: system,
      second: system,
      ratios: { length: 1, distinct2: 1, perplexity: 1 },
      unparsable: seed,
      positionBias: { bias, interval: { lower: 0, upper: 0.5, confidence: 0.95 }, consistency: 0.8 },
      calls: 300,
      cost: seed === 1 ? 0.25 : null,
    });
    const compared = evidence.map((one) =>
      one.method === 'rlcd'
        ? Object.assign({}, one, {
            results: {
              ...one.results,
              judge: [judgeResult.parse({ judgements: [asked(one.seed, 0.1 * one.seed)] })],
            },
          })
        : one,
    );
    const [row, ...others] = build(compared).judges[0]?.conduct ?? [];
    expect(others).toEqual([]);
    expect(row).toMatchObject({ system: 'rlcd', orders: 'both', unparsable: 3, calls: 600, cost: null });
    expect(row?.positionBias).toBeCloseTo(0.15, 12);
    expect(row?.consistency).toBeCloseTo(0.8, 12);
    const text = reportMarkdown(build(compared));
    expect(text).toContain('| rlcd | both | 3 | 15.0 | 80.0 | 600 | – |');
    expect(reportMarkdown(document)).not.toContain('both orders agree');
  });

  it('puts every seed beside the verdict, from the same rows as the whole', () => {
    const [labels] = document.claims;
    const own = (method: string, seed: number) =>
      document.labels.find((one) => one.method === method)?.perSeed.find((one) => one.seed === seed)?.value ??
      Number.NaN;
    expect(labels?.quantity).toBe('label accuracy of rlcd minus that of rlaif, by the word good');
    expect(labels?.perSeed).toEqual(
      [1, 2].map((seed) => ({ seed, value: expect.closeTo(own('rlcd', seed) - own('rlaif', seed), 12) })),
    );
    const rate = document.claims.find(({ quantity }) =>
      quantity.startsWith('win rate of rlcd against rlaif'),
    );
    const matchUp = document.judges[0]?.matchUps.find(
      ({ first, second }) => first === 'rlcd' && second === 'rlaif',
    );
    expect(rate?.perSeed).toEqual(matchUp?.perSeed);
    // Of two runs hardly anything can be told of others: the interval is 6.35 times their difference to each side.
    const values = rate?.perSeed.map(({ value }) => value) ?? [];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const half = (12.706205 * (high - low)) / 2;
    const center = (low + high) / 2;
    expect(rate?.overRuns).toMatchObject({
      interval: { lower: expect.closeTo(center - half, 6), upper: expect.closeTo(center + half, 6) },
      verdict: verdictOf({ interval: { lower: center - half, upper: center + half, confidence: 0.95 } }, 0.5),
    });
    const oneRun = build(evidence.filter(({ seed }) => seed === 1));
    expect(oneRun.claims.map(({ overRuns }) => overRuns)).toEqual(oneRun.claims.map(() => null));
    // Whichever side stands first in the evidence.
    const turned = build(
      evidence.toSorted((a, b) => Number(a.method === 'rlcd') - Number(b.method === 'rlcd')),
    );
    const same = turned.claims.find(({ quantity }) => quantity.startsWith('win rate of rlcd against rlaif'));
    expect(same?.perSeed).toEqual(
      (rate?.perSeed ?? []).map(({ seed, value }) => ({ seed, value: expect.closeTo(value, 12) })),
    );
  });

  it('widens the rate at equal length to what prompts vary, not rows', () => {
    // Every answer three times over: no more is known than before.
    const repeated = [1, 2, 3].flatMap((seed) =>
      syntheticEvidence([1], 150).map((one) => Object.assign(one, { seed })),
    );
    const widthOf = (experiments: readonly ExperimentEvidence[]) => {
      const interval = build(experiments).judges[0]?.matchUps[0]?.lengthControlled?.interval;
      return (interval?.upper ?? Number.NaN) - (interval?.lower ?? Number.NaN);
    };
    expect(widthOf(repeated) / widthOf(syntheticEvidence([1], 150))).toBeCloseTo(1, 2);
  });

  it('shows grids by cell with the seeds that chose it, and alarms', () => {
    const [grid] = document.grids;
    const chosen = grid?.cells.map(({ klCoefficient, steps, perSeed }) => [
      klCoefficient,
      steps,
      perSeed.filter((one) => one.chosen).map(({ seed }) => seed),
    ]);
    expect(chosen).toEqual([
      [0.004, 8, []],
      [0.004, 15, []],
      [0.016, 8, [2]],
      [0.016, 15, [1]],
    ]);
    expect(document.alarms).toHaveLength(12);
    expect(document.alarms[0]).toMatchObject({
      method: 'rlcd',
      seed: 1,
      raised: { step: 9, signals: ['length'] },
    });
  });

  it('reads lengths, diversity and perplexity off the responses', () => {
    const base = document.systems.find(({ system }) => system === 'base');
    const rows = evidence.filter(({ method }) => method === 'base').flatMap(({ completions }) => completions);
    const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
    expect(base).toMatchObject({ responses: 300, seeds: [1, 2], endedShare: 0 });
    expect(base?.tokens.mean).toBeCloseTo(tokens / 300, 12);
    expect(base?.perplexityUnderBase).toBeCloseTo(Math.exp((40 * 300) / tokens), 10);
    expect(base?.distinct[0]).toBeLessThan(base?.distinct[1] ?? 0);
  });

  it('counts work that several experiments share once', () => {
    // By seed: base's own answers, and three tasks of each other method; generate-base is base's.
    expect(document.cost).toMatchObject({ runnerSeconds: 600, tasks: 2 * (1 + 4 * 3), sharedTasks: 2 * 4 });
  });

  it('refuses what does not fit together', () => {
    expect(() => build([])).toThrow('at least one experiment');
    expect(() => build([...evidence, ...evidence.slice(0, 1)])).toThrow('rlcd with seed 1 is there twice');
    const silent = evidence.map((one) =>
      one.method === 'rlaif' ? Object.assign({}, one, { completions: [] }) : one,
    );
    expect(() => build(silent)).toThrow(ReportError);
  });
});
