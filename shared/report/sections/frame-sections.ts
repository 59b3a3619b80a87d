/** What a report opens with and ends with: claims, samples, and how it was made. */
import type { ClaimReport, ReportDocument } from '../document.ts';
import { duration, estimateText, percent, percentEstimate } from '../figures.ts';
import type { Block, Section } from './blocks.ts';

const VERDICTS = {
  found: 'found: the interval lies above',
  contrary: 'contrary: the interval lies below',
  undecided: 'undecided: the interval holds it',
} as const;

const CLAIMS_NOTE =
  'A verdict on these models is about the models that were trained: its interval resamples prompts and does not hold how ' +
  'training runs differ. A verdict over runs is about the method: the interval of Student of the seeds, each of which is one run.';

/** What other runs would show, and how many of these alone exceed the threshold. */
function overRunsText({ overRuns, perSeed, threshold }: ClaimReport): string {
  if (overRuns === null) return 'one run does not tell';
  const above = perSeed.filter(({ value }) => value > threshold).length;
  const { interval, verdict } = overRuns;
  const range = `[${percent(interval.lower)}, ${percent(interval.upper)}]`;
  return `${range} ${verdict}; above in ${above} of ${perSeed.length} seeds`;
}

function inPercent({ estimate, threshold }: ClaimReport): string {
  const sign = threshold === 0 && estimate.value > 0 ? '+' : '';
  return `${sign}${percentEstimate(estimate)}`;
}

export function claimsSection({ claims }: ReportDocument): Section {
  if (claims.length === 0) return { title: '', blocks: [] };
  return {
    title: 'What the paper predicts at small scale, and what was found',
    blocks: [
      { kind: 'text', text: CLAIMS_NOTE },
      {
        kind: 'table',
        caption: 'Claims, each with its 95 % interval',
        head: ['claim', 'measured', '%', 'must exceed', 'on these models', 'by seed', 'over runs'],
        rows: claims.map((claim) => [
          claim.claim,
          claim.quantity,
          inPercent(claim),
          String(claim.threshold * 100),
          VERDICTS[claim.verdict],
          claim.perSeed.map(({ value }) => percent(value)).join(', '),
          overRunsText(claim),
        ]),
      },
    ],
  };
}

export function samplesSection({ samples }: ReportDocument): Section {
  if (samples.length === 0) return { title: '', blocks: [] };
  const blocks: Block[] = samples.map(({ prompt, responses }) => ({ kind: 'responses', prompt, responses }));
  return {
    title: 'The first test prompts',
    blocks: [
      {
        kind: 'text',
        text: 'The first prompts by position, with the first seed: nobody chose them by what came out.',
      },
      ...blocks,
    ],
  };
}

export function settingSection({ setting, seeds, cost, lineage, judges, labels }: ReportDocument): Section {
  const { principle, model, simulator, prompts, judgePairs, scale, machine, createdAt } = setting;
  const { hyperparameters, ofMethod = {} } = setting;
  const { runnerSeconds, tasks, sharedTasks } = cost;
  const strengths = judges[0]?.ranking?.[0];
  return {
    title: 'How it was made',
    blocks: [
      { kind: 'code', text: setting.command },
      {
        kind: 'table',
        caption: 'Setting',
        head: ['', ''],
        rows: [
          ['principle', `${principle.name}, version ${principle.version}`],
          ['model', `${model.name}, ${model.parameterCount} parameters, SHA-256 ${model.weightsSha256}`],
          ...(simulator === undefined ? [] : [['simulated by', simulator]]),
          [
            'prompts',
            `${prompts.train} train, ${prompts.dev} dev, ${prompts.test} test, SHA-256 ${prompts.contentSha256}`,
          ],
          ...(judgePairs === undefined
            ? []
            : [
                [
                  "people's judge",
                  `a preference model of ${judgePairs.trained} pairs, SHA-256 of the pairs ${judgePairs.contentSha256}`,
                ],
              ]),
          ['scale', scale],
          ['seeds', seeds.join(', ')],
          ['gold judge of labels', labels[0]?.gold ?? '–'],
          [
            'strongest system',
            strengths === undefined ? '–' : `${strengths.system}, ${estimateText(strengths.strength, 2)}`,
          ],
          [
            'work',
            `${duration(runnerSeconds)} under lease, ${tasks} tasks; ${sharedTasks} more were asked for and done once`,
          ],
          ['machine', machine],
          ['made', createdAt],
        ],
      },
      {
        kind: 'folded',
        summary: 'Settings of every stage that are not the defaults',
        block: {
          kind: 'code',
          text: [hyperparameters, ...(Object.keys(ofMethod).length === 0 ? [] : [ofMethod])]
            .map((settings) => JSON.stringify(settings, null, 2))
            .join('\n'),
        },
      },
      {
        kind: 'folded',
        summary: 'Lineage: by hash, everything the results were made of',
        block: {
          kind: 'table',
          caption: 'Tasks with their key, inputs and outputs',
          head: ['method', 'seed', 'stage', 'shard', 'engine', 'key', 'inputs', 'outputs'],
          rows: lineage.map(({ method, seed, stage, shard, engineVersion, key, inputs, outputs }) => [
            method,
            String(seed),
            stage,
            String(shard),
            engineVersion,
            key.slice(0, 16),
            named(inputs),
            named(outputs),
          ]),
        },
      },
    ],
  };
}

function named(artifacts: ReportDocument['lineage'][number]['inputs']): string {
  return artifacts.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 16)}`).join('; ');
}
