/** Methods at equal distance from the base: the curve of each, and all of them where they are equally far. */
import type { FrontierReport, ReportDocument } from '../document.ts';
import { estimateText, fixed, percent, percentEstimate, probability } from '../figures.ts';
import type { Block, Section, Table } from './blocks.ts';
import { winRateCurves } from './win-rate-curves.ts';

const NOTE =
  'A method that goes further from the base may win more for that alone. Here the adapter of each answers at several ' +
  'strengths, its change of the weights times a number, and win rate against the base stands beside the KL from it, in ' +
  'nats a response. Between points rates are linear in the root of the KL, from 50 % at 0 nats. Intervals resample prompts, of all methods ' +
  'together, and compute distances anew; how training runs differ is seen in the seeds.';

/** One a judge. */
export function frontierSections({ frontiers }: ReportDocument): Section[] {
  return frontiers.map((report) => ({
    title: `At equal distance from the base, judged by ${report.judge}`,
    blocks: [
      { kind: 'text', text: NOTE },
      winRateCurves(report.curves, {
        each: 'seed',
        marks: report.matched?.levels.map(({ kl }) => kl.value) ?? [],
      }),
      ...matched(report),
      { kind: 'folded', summary: 'Every point of every seed', block: points(report) },
    ],
  }));
}

function matched({ matched: found }: FrontierReport): Block[] {
  if (found === null) {
    const text =
      'Nothing can be compared at equal distance: no method has left the base, or no prompt was answered by all.';
    return [{ kind: 'text', text }];
  }
  const { stayed, prompts, methods, levels, differences } = found;
  const [level] = levels;
  if (level === undefined) return [];
  const nearest = methods.toSorted((a, b) => a.reach - b.reach)[0];
  const blocks: Block[] = [
    {
      kind: 'text',
      text:
        `Compared on ${prompts} prompts at ${estimateText(level.kl, 2)} nats, which is as far as all methods go: no ` +
        `point of ${nearest?.method ?? ''} is further in every seed.`,
    },
  ];
  if (stayed.length > 0) {
    blocks.push({
      kind: 'text',
      text: `Not compared, because a seed of it has no point beyond 0 nats: ${stayed.join(', ')}.`,
    });
  }
  blocks.push(
    {
      kind: 'interval-plot',
      caption: `Win rate against the base at ${fixed(level.kl.value, 2)} nats; small marks are the seeds`,
      label: 'win rate (%)',
      reference: 50,
      rows: level.rates.map(({ method, rate, perSeed }) => ({
        name: method,
        value: rate.value * 100,
        lower: rate.interval.lower * 100,
        upper: rate.interval.upper * 100,
        marks: perSeed.map(({ value }) => value * 100),
      })),
    },
    atLevels(found),
  );
  if (differences.length > 0) blocks.push(pairs(differences, level.kl.value));
  return blocks;
}

function atLevels({ methods, levels }: NonNullable<FrontierReport['matched']>): Table {
  const head = levels.flatMap(({ kl }) => [`at ${fixed(kl.value, 2)} nats`, 'by seed']);
  return {
    kind: 'table',
    caption:
      'Win rate against the base at equal distance, in per cent, the best first; methods that share a letter are not told apart at the first distance (p of 0.05 or more)',
    head: ['method', 'not told apart', 'goes to (nats)', ...head],
    rows: methods.map(({ method, groups, reach }) => [
      method,
      groups,
      fixed(reach, 2),
      ...levels.flatMap(({ rates }) => {
        const found = rates.find((one) => one.method === method);
        if (found === undefined) return ['–', '–'];
        return [percentEstimate(found.rate), found.perSeed.map(({ value }) => percent(value)).join(', ')];
      }),
    ]),
  };
}

type Differences = NonNullable<FrontierReport['matched']>['differences'];

function pairs(differences: Differences, kl: number): Table {
  return {
    kind: 'table',
    caption: `Every pair of methods at ${fixed(kl, 2)} nats: the first one's win rate less the second one's`,
    head: ['pair', 'difference (%)', 'p (Holm)'],
    rows: differences.map(({ first, second, difference, adjustedP }) => [
      `${first} against ${second}`,
      percentEstimate(difference),
      probability(adjustedP),
    ]),
  };
}

function points({ curves: own }: FrontierReport): Table {
  return {
    kind: 'table',
    caption:
      "KL in nats a response and win rate in per cent, with intervals; Dist-2 as a share of the base's",
    head: [
      'method',
      'seed',
      'strength',
      'KL',
      'win rate',
      'at equal length',
      'tokens',
      'ended (%)',
      'Dist-2',
    ],
    rows: own.flatMap(({ method, seed, points: ofCurve }) =>
      ofCurve.map(({ strength, kl, winRate, lengthControlled, tokens, endedShare, distinct2 }) => [
        method,
        String(seed),
        String(strength),
        estimateText(kl, 2),
        percentEstimate(winRate),
        lengthControlled === null ? '–' : percentEstimate(lengthControlled),
        fixed(tokens, 1),
        percent(endedShare),
        fixed(distinct2, 2),
      ]),
    ),
  };
}
