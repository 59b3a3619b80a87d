/** Responses, labels, preference models and alarms. */
import type { PreferenceModelReport, ReportDocument } from '../document.ts';
import { fixed, meanAndDeviation, percent, percentEstimate } from '../figures.ts';
import type { Block, Section } from './blocks.ts';

export function systemsSection({ systems }: ReportDocument): Section {
  return {
    title: 'What a win rate can hide',
    blocks: [
      {
        kind: 'table',
        caption:
          'Responses to the test prompts: lengths with standard deviation, distinct n-grams, perplexity under the base model',
        head: ['system', 'n', 'tokens', 'words', 'Dist-1', 'Dist-2', 'Dist-3', 'perplexity', 'ended (%)'],
        rows: systems.map(
          ({ system, responses, tokens, words, distinct, perplexityUnderBase, endedShare }) => [
            system,
            String(responses),
            meanAndDeviation(tokens),
            meanAndDeviation(words),
            ...distinct.map((value) => fixed(value, 3)),
            fixed(perplexityUnderBase, 2),
            percent(endedShare),
          ],
        ),
      },
      {
        kind: 'spread-plot',
        caption: 'Length of the responses in words: mean, and one standard deviation to both sides',
        label: 'words',
        rows: systems.map(({ system, words }) => ({
          name: system,
          mean: words.mean,
          deviation: words.standardDeviation ?? 0,
        })),
      },
    ],
  };
}

export function labelsSection({ labels }: ReportDocument): Section {
  if (labels.length === 0) return { title: '', blocks: [] };
  const named = labels.map((report) => ({ ...report, name: [report.method, ...report.sameAs].join(', ') }));
  return {
    title: 'Labels of the simulated pairs',
    blocks: [
      {
        kind: 'text',
        text: `A label is right where the judge "${labels[0]?.gold ?? ''}", which took no part in labelling, scores the preferred response higher; ties count half. 50 % is chance. Confidence is the mean of |2p - 1|: 100 % for hard labels.`,
      },
      {
        kind: 'interval-plot',
        caption: 'Accuracy of the labels; small marks are the seeds',
        label: 'right labels (%)',
        reference: 50,
        rows: named.map(({ name, accuracy, perSeed }) => ({
          name,
          value: accuracy.value * 100,
          lower: accuracy.interval.lower * 100,
          upper: accuracy.interval.upper * 100,
          marks: perSeed.map(({ value }) => value * 100),
        })),
      },
      {
        kind: 'table',
        caption: 'Label accuracy of simulated pairs',
        head: [
          'pairs of',
          'n',
          'accuracy (%)',
          'by seed',
          'confidence (%)',
          'preferred is longer (%)',
          'words longer',
        ],
        rows: named.map(
          ({ name, pairs, accuracy, perSeed, meanConfidence, preferredIsLonger, meanLengthGap }) => [
            name,
            String(pairs),
            percentEstimate(accuracy),
            perSeed.map(({ value }) => percent(value)).join(', '),
            percent(meanConfidence),
            percent(preferredIsLonger),
            fixed(meanLengthGap, 1),
          ],
        ),
      },
    ],
  };
}

export function preferenceModelSection({ agreement, preferenceModels }: ReportDocument): Section {
  const blocks: Block[] = agreement.map(({ pairs, gold, n, methods }) => ({
    kind: 'table',
    caption: `Agreement of the preference models with ${gold}, per cent of ${n} ${pairs} (seeds together)`,
    head: ['', ...methods.map(({ method }) => method)],
    rows: [
      ['all seeds', ...methods.map(({ accuracy }) => percentEstimate(accuracy))],
      ['by seed', ...methods.map(({ perSeed }) => perSeed.map(({ value }) => percent(value)).join(', '))],
    ],
  }));
  if (preferenceModels.length > 0) blocks.push(heldOut(preferenceModels));
  return { title: 'Preference models', blocks };
}

function heldOut(models: readonly PreferenceModelReport[]): Block {
  return {
    kind: 'table',
    caption: 'Each preference model on held-out pairs of its own labels: what it learnt, right or wrong',
    head: ['method', 'seed', 'n', 'accuracy (%)', 'length alone (%)', 'Brier score', 'calibration error'],
    rows: models.map(
      ({ method, seed, heldOut: { n, accuracy, lengthOnlyAccuracy, brier, expectedCalibrationError } }) => [
        method,
        String(seed),
        String(n),
        percentEstimate(accuracy),
        lengthOnlyAccuracy === null ? '-' : percent(lengthOnlyAccuracy),
        fixed(brier, 3),
        fixed(expectedCalibrationError, 3),
      ],
    ),
  };
}

export function alarmSection({ alarms }: ReportDocument): Section {
  if (alarms.length === 0) return { title: '', blocks: [] };
  const raised = alarms.filter((alarm) => alarm.raised !== null).length;
  return {
    title: 'Over-optimisation alarm',
    blocks: [
      {
        kind: 'text',
        text: `Raised in ${raised} of ${alarms.length} runs of PPO (one a method, seed and KL coefficient).`,
      },
      {
        kind: 'table',
        caption: 'What the alarm saw',
        head: ['method', 'seed', 'KL coefficient', 'raised at step', 'signals', 'would keep steps'],
        rows: alarms.map((alarm) => [
          alarm.method,
          String(alarm.seed),
          String(alarm.klCoefficient),
          alarm.raised === null ? 'never' : String(alarm.raised.step),
          alarm.raised === null ? '–' : alarm.raised.signals.join(', '),
          String(alarm.chosenSteps),
        ]),
      },
    ],
  };
}
