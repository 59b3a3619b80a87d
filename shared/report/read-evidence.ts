/** Reads the evidence of finished experiments over the public API. */
import type { z } from 'zod';
import type { Client } from '../api/client.ts';
import { peoplesRows } from './peoples-labels.ts';
import { ReportError, rowSchemas, type ExperimentEvidence, type LineageTask } from './evidence.ts';

type Schemas = typeof rowSchemas;

/**
 * @throws ReportError if the experiment has not succeeded; ApiError as the edge refuses
 */
export async function readEvidence(client: Client, experimentId: string): Promise<ExperimentEvidence> {
  const experiment = await client.getExperiment({ parameters: { experimentId } });
  const { method, seed, results, status, cost } = experiment;
  if (status !== 'succeeded') {
    throw new ReportError(
      `experiment ${experiment.name} is ${status}: a report needs experiments that succeeded`,
    );
  }
  const { tasks } = await client.getLineage({ parameters: { experimentId } });
  const lineage: LineageTask[] = tasks.map(({ stage, shard, key, engineVersion, inputs, outputs }) => ({
    stage,
    shard,
    key,
    engineVersion,
    inputs,
    outputs,
  }));
  const pairStage = lineage.some(({ stage }) => stage === 'label') ? 'label' : 'simulate';
  return {
    method,
    seed,
    results,
    runnerSeconds: cost.runnerSeconds,
    lineage,
    completions: await rows(client, lineage, 'completions', ({ stage }) => stage !== 'generate-base'),
    comparisons: [
      ...(await rows(client, lineage, 'comparisons', () => true)),
      ...(await peoplesRows(client, experimentId)),
    ],
    frontier: await rows(client, lineage, 'frontier', () => true),
    trajectory: await rows(client, lineage, 'trajectory', () => true),
    pairs: await rows(client, lineage, 'pairs', ({ stage }) => stage === pairStage),
  };
}

/** The rows of an output over all shards of the stages that count; none where the method has no such stage. */
async function rows<Name extends keyof Schemas>(
  client: Client,
  lineage: readonly LineageTask[],
  name: Name,
  counts: (task: LineageTask) => boolean,
): Promise<z.output<Schemas[Name]>[]> {
  const hashes = lineage
    .filter(counts)
    .toSorted((a, b) => a.shard - b.shard)
    .flatMap(({ outputs }) => outputs.filter((output) => output.name === name).map(({ sha256 }) => sha256));
  const read: z.output<Schemas[Name]>[] = [];
  for (const sha256 of hashes) {
    const response = await client.downloadArtifact({ parameters: { sha256 } });
    for (const line of (await response.text()).split('\n')) {
      if (line !== '') read.push(rowSchemas[name].parse(JSON.parse(line)) as z.output<Schemas[Name]>);
    }
  }
  return read;
}
