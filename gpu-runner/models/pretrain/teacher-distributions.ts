/** What the teacher says of every token of a document: the targets that the student learns from. */
import { uniform } from '../../../shared/random.ts';
import type { AdapterLayout } from '../../llama/model/lora-layout.ts';
import type { Sequence } from '../../llama/model/sequence.ts';
import type { DistilledRow, Distribution } from '../../llama/trainer/distillation-trainer.ts';
import { ForwardPass } from '../../llama/trainer/forward-pass.ts';
import type { Model } from '../../llama/weights/model.ts';
import { appendRows, PARTS, readRows } from './distilled-rows.ts';

const MICROBATCH_ROWS = 4;
const CHUNK_DOCUMENTS = 64;

/**
 * A distribution by systematic sampling: of the points (u + i) / {@link PARTS}, i = 0.., on the line of cumulated
 * probabilities each token has those in its interval. The expected share of a token is its probability, and its count
 * is off by less than one, so the loss keeps its expectation and a row of the vocabulary becomes a few numbers.
 *
 * @param logits [vocabulary]
 * @param u in [0, 1)
 */
export function systematicShares(logits: ArrayLike<number>, u: number): Distribution {
  const values = Float64Array.from(logits);
  const top = values.reduce((most, value) => Math.max(most, value), -Infinity);
  let total = 0;
  for (let token = 0; token < values.length; token++) {
    const weight = Math.exp((values[token] ?? -Infinity) - top);
    values[token] = weight;
    total += weight;
  }
  const tokens: number[] = [];
  const shares: number[] = [];
  let next = (u * total) / PARTS;
  let cumulated = 0;
  for (let token = 0; token < values.length; token++) {
    cumulated += values[token] ?? 0;
    let count = 0;
    while (next < cumulated) {
      count++;
      next += total / PARTS;
    }
    if (count > 0) {
      tokens.push(token);
      shares.push(count / PARTS);
    }
  }
  return { tokens, shares };
}

export interface DistributionOptions {
  readonly teacher: Model;
  readonly layout: AdapterLayout;
  readonly adapter: Float32Array;
  readonly documents: readonly Sequence[];
  readonly maximumTime: number;
  readonly seed: number;
  /** what a stopped run had is kept */
  readonly file: string;
  readonly onProgress: (done: number, total: number) => void;
}

/** The documents with the teacher's distributions, from the file as far as it goes. */
export async function teacherDistributions(options: DistributionOptions): Promise<DistilledRow[]> {
  const { teacher, layout, adapter, documents, maximumTime, seed, file, onProgress } = options;
  const done = await readRows(file);
  const pass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: teacher.backend, layout, groups: 1 },
    scoring: 'logits',
    maximumTime,
    microbatchRows: MICROBATCH_ROWS,
  });
  try {
    while (done.length < documents.length) {
      // A chunk that was cut off is read whole again, so that its micro-batches are those of a run that was not stopped.
      const first = done.length - (done.length % CHUNK_DOCUMENTS);
      const part = documents.slice(first, first + CHUNK_DOCUMENTS);
      const found = part.map((): Distribution[] => []);
      await pass.visitLogits(adapter, [part], (logits, { row }) => {
        const place = found[row];
        place?.push(systematicShares(logits, uniform(seed, first + row, place.length)));
      });
      const chunk = part
        .map(({ tokens, start }, row) => ({ tokens, start, distributions: found[row] ?? [] }))
        .slice(done.length - first);
      await appendRows(file, chunk);
      done.push(...chunk);
      onProgress(done.length, documents.length);
    }
  } finally {
    await pass.close();
  }
  return done.slice(0, documents.length);
}
