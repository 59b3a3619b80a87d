/** The result document of a run: what depends on the seed alone apart from what differs with every run. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Client } from '../../../shared/api/client.ts';
import { comparisonLine, judgeName, judgeResult } from '../../../shared/api/tasks/judge.ts';
import { ppoResult } from '../../../shared/api/tasks/ppo.ts';
import { selectResult } from '../../../shared/api/tasks/select.ts';
import { simulateResult } from '../../../shared/api/tasks/simulate.ts';
import { trainPreferenceModelResult } from '../../../shared/api/tasks/train-preference-model.ts';
import type { Placement } from '../../../shared/principles/placement.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { canonicalJson } from '../../../shared/canonical-json.ts';
import { correctedWinRate, type CorrectedWinRate } from '../../../shared/statistics/corrected-win-rate.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import type { JudgeFigures } from '../../experiment/people-judge.ts';

const SAMPLES = 3;

/** The stages of an alignment that the result is told from; those of pairs are there where the method makes some. */
const rlcdResults = z.object({
  simulate: z.array(simulateResult).optional(),
  'train-preference-model': z.tuple([trainPreferenceModelResult]).optional(),
  ppo: z.tuple([ppoResult]),
  select: z.tuple([selectResult]),
  judge: z.tuple([judgeResult]),
});
export type RlcdResults = z.infer<typeof rlcdResults>;
export type Judgement = RlcdResults['judge'][0]['judgements'][number];
type Sample = z.infer<typeof comparisonLine>;

/** What both experiments ran with. */
export interface Setting {
  readonly scale: string;
  readonly seed: number;
  readonly principle: string;
  readonly model: {
    readonly weightsSha256: string;
    readonly parameterCount: number;
  };
  /** What simulated, as the command named it; absent where the model did it itself. */
  readonly simulator?: string;
  readonly form?: PromptForm;
  readonly placement?: Placement;
  readonly prompts: {
    readonly contentSha256: string;
    readonly train: number;
    readonly dev: number;
    readonly test: number;
  };
  /** The judge that was trained on people's pairs; absent where none was asked for. */
  readonly judge?: JudgeFigures & { readonly pairsSha256: string };
}

/** The judge of people's pairs with what its errors make of its verdict. */
interface JudgeOfPeople extends NonNullable<Setting['judge']> {
  /** How often people would prefer the aligned model, if the judge errs here as often as on pairs of theirs. */
  readonly correctedWinRate: CorrectedWinRate;
}

/** Everything here is the same for equal seeds on one kind of machine. */
interface SeededResult extends Setting {
  readonly judge?: JudgeOfPeople;
  readonly experiments: readonly {
    readonly method: string;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly results: ExperimentDetail['results'];
    readonly artifacts: readonly { stage: string; shard: number; name: string; sha256: string }[];
  }[];
  /** The first test prompts, by position: nobody chose them by what came out. */
  readonly samples: readonly Sample[];
}

/** What differs from run to run. */
export interface RunFacts {
  readonly startedAt: string;
  readonly seconds: number;
  readonly stageSeconds: Readonly<Record<string, number | null>>;
  readonly host: string;
  readonly node: string;
  readonly url: string;
  readonly dataFolder: string;
  readonly experimentIds: { readonly rlcd: string; readonly base: string; readonly judge?: string };
}

export interface ResultDocument {
  readonly format: 'rlcd-demo-1';
  /** Of the canonical JSON of `result`. */
  readonly resultSha256: string;
  readonly result: SeededResult;
  readonly run: RunFacts;
}

/** The results of an alignment that has succeeded, in the forms of their kinds. */
export function readRlcdResults(experiment: ExperimentDetail): RlcdResults {
  return rlcdResults.parse(experiment.results);
}

/**
 * Reads samples and artifacts of the experiments and puts the document together.
 *
 * @param experiments the aligned one first
 */
export async function buildResult(
  client: Client,
  experiments: readonly ExperimentDetail[],
  { judge, ...setting }: Setting,
  run: RunFacts,
): Promise<ResultDocument> {
  const [aligned] = experiments;
  const result: SeededResult = {
    ...setting,
    ...(judge && aligned && { judge: judgeOfPeople(judge, readRlcdResults(aligned)) }),
    experiments: await Promise.all(
      experiments.map(async (experiment) => ({
        method: experiment.method,
        parameters: Object.fromEntries(experiment.stages.map(({ name, parameters }) => [name, parameters])),
        results: experiment.results,
        artifacts: await artifactsOf(client, experiment.id),
      })),
    ),
    samples: await readSamples(client, experiments),
  };
  const resultSha256 = createHash('sha256').update(canonicalJson(result)).digest('hex');
  return { format: 'rlcd-demo-1', resultSha256, result, run };
}

/** Whether a judgement is that of the judge of people's pairs. */
export function isOfPeople({ judge }: Judgement, { artifact }: JudgeFigures): boolean {
  return judge === judgeName({ kind: 'preference-model', artifact });
}

function judgeOfPeople(
  judge: NonNullable<Setting['judge']>,
  { judge: [judged] }: RlcdResults,
): JudgeOfPeople {
  const judgement = judged.judgements.find((one) => isOfPeople(one, judge));
  if (judgement === undefined) throw new Error("the judge of people's pairs has given no verdict");
  const { n, winRate } = judgement;
  const { heldOut } = judge;
  const share = (rate: number, of: number) => ({ successes: rate * of, n: of });
  const corrected = correctedWinRate(share(winRate, n), share(heldOut.accuracy, heldOut.n));
  return { ...judge, correctedWinRate: corrected };
}

async function artifactsOf(client: Client, experimentId: string) {
  const { tasks } = await client.getLineage({ parameters: { experimentId } });
  return tasks.flatMap(({ stage, shard, outputs }) =>
    outputs.map(({ name, sha256 }) => ({ stage, shard, name, sha256 })),
  );
}

async function readSamples(client: Client, experiments: readonly ExperimentDetail[]): Promise<Sample[]> {
  const [aligned] = experiments;
  if (!aligned) return [];
  const comparisons = (await artifactsOf(client, aligned.id)).find(({ name }) => name === 'comparisons');
  if (!comparisons) throw new Error('the judge stage has no output "comparisons"');
  const response = await client.downloadArtifact({ parameters: { sha256: comparisons.sha256 } });
  const lines = (await response.text()).trimEnd().split('\n').slice(0, SAMPLES);
  return lines.map((line) => comparisonLine.parse(JSON.parse(line)));
}
