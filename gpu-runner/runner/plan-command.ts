/** `--plan`: what a job would need of memory, printed before anything is loaded. */
import { totalmem } from 'node:os';
import { z } from 'zod';
import { gigabytes, type MemoryPlan, planMemory, refusal, type Workload } from '../../shared/planner/plan.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { namedShapes } from '../llama/model/named-shapes.ts';
import { importModel } from '../llama/weights/import-model.ts';
import { ConfigurationError } from './configuration.ts';
import { firstIssue } from '../../shared/first-issue.ts';

/** Options of `--plan` as the command line has them. */
export const PLAN_OPTIONS = {
  model: { type: 'string' },
  batch: { type: 'string', default: '16' },
  'train-batch': { type: 'string', default: '16' },
  policies: { type: 'string', default: '1' },
  prompt: { type: 'string', default: '128' },
  new: { type: 'string', default: '128' },
  rank: { type: 'string', default: '8' },
  memory: { type: 'string' },
} as const;

const count = z.coerce.number().int().min(0).max(1_000_000);
const values = z.object({
  model: z.string({ error: 'needs a folder, a file, a hub id or one of the named shapes' }),
  batch: count,
  'train-batch': count,
  policies: count.min(1),
  prompt: count.min(1),
  new: count,
  rank: count.min(1),
  memory: z.coerce.number().positive().optional(),
});

/** The plan as lines to print; the last says whether it fits. @throws ConfigurationError for a wrong option */
export async function planCommand(
  options: Readonly<Record<string, unknown>>,
  device: MemoryPlan['device'],
  cacheDirectory: string,
): Promise<string[]> {
  const parsed = values.safeParse(options);
  if (!parsed.success) {
    const { field, fault } = firstIssue(parsed.error);
    throw new ConfigurationError(`--${field} ${fault}`);
  }
  const { model, batch, policies, prompt, rank, memory } = parsed.data;
  const workload: Workload = {
    sampleRows: batch,
    trainRows: parsed.data['train-batch'],
    trainGroups: 2 * policies,
    promptTokens: prompt,
    newTokens: parsed.data.new,
    rank,
  };
  const shape = await shapeOf(model, cacheDirectory);
  const { parts, total } = planMemory(device, shape, workload);
  const limit = memory === undefined ? (device === 'cpu' ? totalmem() : undefined) : memory * 1e9;
  const lines = Object.entries(parts).map(
    ([name, bytes]) => `${name.padEnd(14)} ${gigabytes(bytes).padStart(10)}`,
  );
  const verdict =
    limit === undefined
      ? 'give --memory GB to hear whether it fits'
      : (refusal(device, shape, workload, limit) ?? `fits into ${gigabytes(limit)}`);
  return [...lines, `${'total'.padEnd(14)} ${gigabytes(total).padStart(10)}`, verdict];
}

async function shapeOf(model: string, cacheDirectory: string): Promise<Architecture> {
  const named = Object.entries(namedShapes).find(([name]) => name === model);
  if (named !== undefined) return named[1];
  return (await importModel(model, { cacheDirectory })).architecture;
}
