/** What people said of a comparison's answers, in a report: a judge of their own, and beside the others. */
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../shared/report/build-report.ts';
import { reportDocument } from '../../../shared/report/document.ts';
import type { ExperimentEvidence } from '../../../shared/report/evidence.ts';
import { reportMarkdown } from '../../../shared/report/markdown.ts';
import { predictionPowered } from '../../../shared/statistics/prediction-powered.ts';
import { GOLD, SETTING, syntheticEvidence } from './synthetic-evidence.ts';

const PROMPTS = 120;
const LABELLED = 40;
const evidence = syntheticEvidence([1, 2], PROMPTS);

/** People say what the judge says of the first prompts of rlcd, but of every fourth. */
const withLabels = (labelled: number) =>
  evidence.map((one): ExperimentEvidence => {
    if (one.method !== 'rlcd' || one.seed !== 1) return one;
    const people = one.comparisons.slice(0, labelled).map((row, place) => ({
      judge: 'people',
      promptId: row.promptId,
      firstScore: null,
      secondScore: null,
      share: place % 4 === 0 ? 1 - row.share : row.share,
    }));
    return Object.assign({}, one, { comparisons: [...one.comparisons, ...people] });
  });
const build = (labelled: number) =>
  buildReport({ setting: SETTING, experiments: withLabels(labelled), gold: GOLD, agreement: [] });

describe("people's labels in a report", () => {
  const document = build(LABELLED);
  const [lexicon, people] = document.judges;
  const ofRlcd = (judge: typeof lexicon) =>
    judge?.matchUps.find(({ first, second }) => first === 'rlcd' && second === 'base');

  it('are a judge after the others, with the pairs that were labelled and no others', () => {
    expect(reportDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    expect(document.judges.map(({ judge }) => judge)).toEqual(['sentiment', 'people']);
    expect(people?.matchUps).toHaveLength(1);
    const labels = withLabels(LABELLED).flatMap(({ comparisons }) =>
      comparisons.flatMap(({ judge, share }) => (judge === 'people' ? [share] : [])),
    );
    const rate = labels.reduce((sum, share) => sum + share, 0) / LABELLED;
    expect(ofRlcd(people)).toMatchObject({ n: LABELLED, rate: { value: rate } });
    expect(people).toMatchObject({ conduct: [], scores: [] });
    expect(document.claims.filter(({ quantity }) => quantity.endsWith('by people'))).toMatchObject([
      { claim: 'RLCD is preferred to base' },
    ]);
  });

  it('make the rate of each judge against the base one of people, both seeds together', () => {
    const rows = withLabels(LABELLED)
      .filter(({ method }) => method === 'rlcd')
      .flatMap(({ seed, comparisons }) =>
        comparisons
          .filter(({ judge }) => judge === 'sentiment')
          .map(({ promptId, share }, place) => ({
            cluster: promptId,
            judged: share,
            labelled: seed === 1 && place < LABELLED ? (place % 4 === 0 ? 1 - share : share) : null,
          })),
      );
    const { mean, interval, weight } = predictionPowered(rows);
    expect(ofRlcd(lexicon)?.people).toMatchObject({
      labelled: LABELLED,
      agreement: { value: 0.75 },
      weight,
      rate: { value: mean, interval },
    });
    expect(ofRlcd(people)?.people).toBeUndefined();
    const others = lexicon?.matchUps.filter((one) => one !== ofRlcd(lexicon)) ?? [];
    expect(others.every((one) => one.people === undefined)).toBe(true);
    const markdown = reportMarkdown(document);
    expect(markdown).toContain('## Judges and people together');
    expect(markdown).toMatch(/\| rlcd against base \| sentiment \| 40 \| 75\.0 /);
  });

  it('say nothing of a judge where there are too few, and leave a report without any as it was', () => {
    expect(ofRlcd(build(29).judges[0])?.people).toBeUndefined();
    expect(ofRlcd(build(30).judges[0])?.people?.labelled).toBe(30);
    expect(reportMarkdown(build(29))).not.toContain('Judges and people together');
    expect(build(0).judges.map(({ judge }) => judge)).toEqual(['sentiment']);
  });
});
