/** Rows that experiments need, and artifacts as a runner would have put them. */
import { createHash } from 'node:crypto';
import { artifactBlob } from '../../edge/store/artifacts.ts';
import { createIdentifier } from '../../edge/store/identifier.ts';
import { artifacts, baseModels, prompts, promptSets, taskPuts } from '../../edge/store/schema/index.ts';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import type { ARTIFACT_KINDS, SPLITS } from '../../shared/api/words.ts';
import { KINDNESS } from './conformance/principles.ts';
import { lookResultOf } from './look-result.ts';
import type { Harness, TestStore } from './harness.ts';

const NOW = 1;
/** Of the tokens of the first pair's chosen side. */
export const LIKELIHOODS = { ends: [1], logProbabilities: [-0.5], referenceLogProbabilities: [-2.25] };

export const PRINCIPLE = 'kind-stories';
export const PROMPT_SET = 'openings';
export const BASE_MODEL = 'bundled';

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export async function seedPromptSet(
  { database }: TestStore,
  name: string,
  counts: Readonly<Record<(typeof SPLITS)[number], number>>,
): Promise<string> {
  const id = createIdentifier(NOW);
  await database.insert(promptSets).values({
    id,
    name,
    splitRule: { rule: 'field' },
    contentSha256: sha256Of(name),
    counts: { ...counts, leftOut: 0, duplicates: 0, trainTestOverlap: 0, trainDevOverlap: 0, unpaired: 0 },
    createdAt: NOW,
    readyAt: NOW,
  });
  const rows = Object.entries(counts).flatMap(([split, count]) =>
    Array.from({ length: count }, (_, index) => ({
      split: split as (typeof SPLITS)[number],
      text: `${split} ${index}`,
    })),
  );
  for (const [position, { split, text }] of rows.entries()) {
    await database
      .insert(prompts)
      .values({ promptSetId: id, position, split, text, textSha256: sha256Of(text) });
  }
  return id;
}

/** A principle, a prompt set with all splits and a base model. */
export async function seedWorld(harness: Harness): Promise<void> {
  await harness.clients.client.createPrincipleVersion({
    parameters: { principleName: PRINCIPLE },
    body: KINDNESS,
  });
  await seedPromptSet(harness, PROMPT_SET, { train: 6, dev: 3, test: 4 });
  await seedBaseModel(harness);
}

async function seedBaseModel({ database }: TestStore): Promise<void> {
  await database.insert(baseModels).values({
    id: createIdentifier(NOW),
    name: BASE_MODEL,
    source: 'bundled',
    weightsSha256: sha256Of('weights'),
    parameterCount: 1000,
    contextLength: 512,
    configuration: { layers: 2 },
    createdAt: NOW,
  });
}

/** Stores bytes as an artifact. @returns their SHA-256 */
export async function putArtifact(
  { database, blobs }: TestStore,
  content: string | Uint8Array,
  kind: (typeof ARTIFACT_KINDS)[number] = 'report',
  taskId?: string,
): Promise<string> {
  const sha256 = sha256Of(content);
  await blobs.put(artifactBlob({ sha256, writing: '' }), Buffer.from(content));
  await database
    .insert(artifacts)
    .values({
      sha256,
      bytes: Buffer.byteLength(content),
      mediaType: 'application/octet-stream',
      kind,
      producedByTaskId: null,
      createdAt: NOW,
    })
    .onConflictDoNothing();
  if (taskId !== undefined) await database.insert(taskPuts).values({ taskId, sha256 }).onConflictDoNothing();
  return sha256;
}

const summary = { n: 1, mean: 5, standardDeviation: null, minimum: 5, median: 5, maximum: 5 };
const interval = { lower: 0.5, upper: 1, confidence: 0.95 };
const system = { tokens: summary, endedShare: 1, distinct2: 0.5, meanScore: 0, perplexityUnderBase: 4 };

/** A well-formed result of each kind, and the text of each of its outputs. */
export function finish(task: ClaimedTask): {
  result: Record<string, unknown>;
  outputs: Record<string, string>;
} {
  const mark = `${task.kind} ${task.stage} ${task.shard.index} ${task.seed}`;
  const pair = {
    promptId: '0',
    prompt: 'Once',
    chosen: 'kind',
    rejected: 'cruel',
    labelProbability: 1,
    affixPair: 0,
  };
  switch (task.kind) {
    case 'simulate':
      return {
        outputs: {
          pairs: `${JSON.stringify({ ...pair, chosen: mark, provenance: { chosen: { likelihoods: LIKELIHOODS } } })}\n${JSON.stringify({ ...pair, promptId: '1' })}\n`,
        },
        result: {
          prompts: 2,
          pairs: 2,
          dropped: {},
          rejected: { chosen: {}, rejected: {} },
          lengths: { chosen: summary, rejected: summary },
          duplicates: 0,
          overlap: 0.1,
          meanTries: { chosen: 1, rejected: 1 },
        },
      };
    case 'look':
      return { outputs: {}, result: { ...lookResultOf() } };
    case 'train-preference-model':
      return {
        outputs: { 'preference-model': mark },
        result: {
          trainPairs: 4,
          humanPairs: 0,
          droppedPairs: 0,
          steps: 1,
          trainLoss: 0.6,
          heldOut: {
            n: 1,
            accuracy: 1,
            interval,
            brier: 0.1,
            expectedCalibrationError: 0.1,
            calibrationBins: [],
            accuracyByLengthGap: [],
            accuracyByConfidence: [],
            accuracyBySource: [],
          },
        },
      };
    case 'ppo': {
      const cells = task.parameters.klCoefficients.flatMap((klCoefficient) =>
        task.parameters.steps.map((steps) => ({
          klCoefficient,
          steps,
          reward: 1,
          kl: 0.1,
          meanLength: 5,
          earlyStop: null,
        })),
      );
      return {
        outputs: Object.fromEntries(
          cells.map(({ klCoefficient, steps }) => [
            `cell-${klCoefficient}-${steps}`,
            `${mark} ${klCoefficient} ${steps}`,
          ]),
        ),
        result: {
          cells,
          alarms: task.parameters.klCoefficients.map((klCoefficient) => ({
            klCoefficient,
            raised: null,
            chosenSteps: task.parameters.steps.at(-1) ?? 0,
          })),
        },
      };
    }
    case 'select': {
      const cell = { klCoefficient: 0.01, steps: 2 };
      return {
        outputs: { adapter: mark },
        result: {
          chosen: cell,
          minimumDistinct2: null,
          table: [{ ...cell, n: 3, meanReward: 1, interval, meanLength: 5, kl: 0.1, distinct2: 0.9 }],
        },
      };
    }
    case 'generate':
      return {
        outputs: { completions: mark },
        result: { n: 4, tokens: summary, endedShare: 1, distinct2: 0.5, perplexityUnderBase: 4 },
      };
    case 'judge': {
      const line = {
        judge: 'sentiment',
        promptId: '0',
        prompt: 'Once',
        first: mark,
        second: 'b',
        firstScore: 1,
        secondScore: 0,
        share: 1,
      };
      return {
        outputs: { comparisons: `${JSON.stringify(line)}\n` },
        result: {
          judgements: [
            {
              judge: 'sentiment',
              orders: 'single-text',
              n: 1,
              winRate: 1,
              interval,
              wins: 1,
              losses: 0,
              ties: 0,
              unparsable: 0,
              positionBias: null,
              calls: null,
              retries: null,
              tokens: null,
              cost: null,
              lengthControlled: null,
              first: system,
              second: system,
              ratios: { length: 1, distinct2: 1, perplexity: 1 },
            },
          ],
        },
      };
    }
    case 'frontier': {
      const line = { strength: 1, promptId: '0', nats: 1, tokens: 5, judge: 'sentiment', share: 1 };
      const verdict = { judge: 'sentiment', winRate: 1, interval, unparsable: 0, calls: null, cost: null };
      const answers = { tokens: summary, endedShare: 1, distinct2: 0.5 };
      return {
        outputs: { frontier: `${JSON.stringify(line)}\n` },
        result: {
          n: 1,
          base: answers,
          points: task.parameters.strengths.map((strength) => ({
            ...answers,
            strength,
            kl: strength,
            klInterval: interval,
            verdicts: [{ ...verdict, lengthControlled: null }],
          })),
        },
      };
    }
    case 'export':
      return {
        outputs: { 'file-000': '{}\n', 'file-001': mark },
        result: {
          files: [
            { output: 'file-000', name: 'config.json' },
            { output: 'file-001', name: 'model.safetensors' },
          ],
        },
      };
    case 'label':
    case 'distill':
    case 'dpo':
    case 'best-of-n':
    case 'examine':
    case 'trajectory':
    case 'train-scorer':
    default:
      throw new Error(`${task.kind}: no method of the tests has this stage`);
  }
}

/** An experiment of the smallest grid. */
export const EXPERIMENT = {
  method: 'rlcd' as const,
  principle: { name: PRINCIPLE, version: 1 },
  promptSet: PROMPT_SET,
  baseModel: BASE_MODEL,
  seed: 7,
  shards: 2,
  hyperparameters: { ppo: { klCoefficients: [0.01], steps: [2], rollouts: 8, minibatchSize: 4 } },
};
