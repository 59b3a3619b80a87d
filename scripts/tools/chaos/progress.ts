/** What each round came to, a line each in the folder of the run: a run that was stopped goes on behind the last. */
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { FAULT_KINDS } from './fault-plan.ts';

const struck = z.object({ kind: z.enum(FAULT_KINDS), point: z.string(), seconds: z.number() });

const roundRecord = z.object({
  seed: z.number(),
  round: z.number(),
  struck: z.array(struck),
  /** Why the round ended without the results; null: it has them. */
  fault: z.string().nullable(),
  differingBytes: z.number(),
  differingDocuments: z.array(z.string()),
  lostMetricRows: z.number(),
  doubledMetricRows: z.number(),
  changedMetricRows: z.number(),
  unfencedWrites: z.number(),
  healthyLeasesLost: z.number(),
  serverErrors: z.number(),
  mended: z.number(),
  failures: z.record(z.string(), z.number()),
  seconds: z.number(),
});
export type RoundRecord = z.output<typeof roundRecord>;

const fileOf = (folder: string) => join(folder, 'rounds.jsonl');

/** @throws UsageError where the folder holds rounds of another seed, or is damaged */
export async function readProgress(folder: string, seed: number): Promise<RoundRecord[]> {
  const file = fileOf(folder);
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const records = lines.map((line, index) => {
    try {
      return roundRecord.parse(JSON.parse(line));
    } catch (cause) {
      throw new UsageError(
        `${file}, line ${index + 1} is damaged: remove it, or give another folder to --data`,
        { cause },
      );
    }
  });
  const other = records.find((record) => record.seed !== seed);
  if (other) {
    throw new UsageError(
      `${file} holds rounds of seed ${other.seed}: give another folder to --data, or that --seed`,
    );
  }
  return records;
}

export async function addProgress(folder: string, record: RoundRecord): Promise<void> {
  await appendFile(fileOf(folder), `${JSON.stringify(record)}\n`);
}
