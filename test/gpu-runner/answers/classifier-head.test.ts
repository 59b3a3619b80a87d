/** Pooling and head on top of an encoder, against their definition in float64. */
import { describe, expect, it } from 'vitest';
import {
  EMBEDDING,
  withEmbedding,
  withLogits,
} from '../../../gpu-runner/algorithms/classifier/classifier-head.ts';
import { TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { integerBelow, normal } from '../../../shared/random.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';
import { POSITIONS, tinyEncoder, WIDTH, WORDS } from './tiny-encoder.ts';

const SEEDS = Array.from({ length: 8 }, (_, index) => Number(process.env['HEAD_SEED'] ?? 1) + index);

/** Rows of random words, each padded to the longest. */
function batchOf(seed: number) {
  const rows = 1 + integerBelow(5, seed, 1, 0);
  const lengths = Array.from({ length: rows }, (_, row) => 1 + integerBelow(POSITIONS, seed, 2, row));
  const length = Math.max(...lengths);
  const places = lengths.flatMap((own, row) =>
    Array.from({ length }, (_, place) => ({ row, place, isText: place < own })),
  );
  const ids = places.map(({ row, place, isText }) =>
    BigInt(isText ? integerBelow(WORDS.length, seed, 10 + row, place) : 0),
  );
  return { rows, length, lengths, ids, mask: places.map(({ isText }) => (isText ? 1n : 0n)) };
}

function feedsOf({
  rows,
  length,
  ids,
  mask,
}: Pick<ReturnType<typeof batchOf>, 'rows' | 'length' | 'ids' | 'mask'>) {
  const of = (data: readonly bigint[]) =>
    ({ dtype: 'int64', shape: [rows, length], data: BigInt64Array.from(data) }) as const;
  return { input_ids: of(ids), attention_mask: of(mask), token_type_ids: of(ids.map(() => 0n)) };
}

/** Mean over the text's tokens, divided by its length. */
function pooled(states: ArrayLike<number>, row: number, length: number, own: number): number[] {
  const mean = Array.from({ length: WIDTH }, (_, column) => {
    let sum = 0;
    for (let place = 0; place < own; place++) sum += states[(row * length + place) * WIDTH + column] ?? 0;
    return sum / own;
  });
  const size = Math.hypot(...mean);
  return mean.map((value) => value / size);
}

describe.each(SEEDS)('the head on the encoder of HEAD_SEED=%i', (seed) => {
  const batch = batchOf(seed);
  const model = {
    weights: Float64Array.from({ length: WIDTH }, (_, place) => 3 * normal(seed, 3, place)),
    intercept: normal(seed, 4, 0),
  };

  it('gives the mean of the hidden states of the text, of length 1, and the probabilities of the fit', async () => {
    const embedder = await TensorSession.open({ model: withEmbedding(tinyEncoder(seed)) });
    const { last_hidden_state: states, [EMBEDDING]: embedding } = await embedder.run(feedsOf(batch));
    await embedder.close();
    const classifier = await TensorSession.open({ model: withLogits(tinyEncoder(seed), model) });
    const { logits } = await classifier.run(feedsOf(batch), ['logits']);
    await classifier.close();
    expect(embedding?.shape).toEqual([batch.rows, WIDTH]);
    expect(logits?.shape).toEqual([batch.rows, 2]);
    for (const [row, own] of batch.lengths.entries()) {
      const expected = pooled(states?.data as Float32Array, row, batch.length, own);
      let odds = model.intercept;
      for (const [column, value] of expected.entries()) {
        expect(Number(embedding?.data[row * WIDTH + column])).toBeCloseTo(value, 5);
        odds += value * (model.weights[column] ?? 0);
      }
      const [first, second] = [Number(logits?.data[2 * row]), Number(logits?.data[2 * row + 1])];
      expect(Math.exp(second) / (Math.exp(first) + Math.exp(second))).toBeCloseTo(sigmoid(odds), 5);
    }
  });

  it('gives a text in a batch what it gives the text alone', async () => {
    const session = await TensorSession.open({ model: withLogits(tinyEncoder(seed), model) });
    const { logits: all } = await session.run(feedsOf(batch), ['logits']);
    for (const [row, own] of batch.lengths.entries()) {
      const start = row * batch.length;
      const alone = {
        rows: 1,
        length: own,
        ids: batch.ids.slice(start, start + own),
        mask: batch.mask.slice(start, start + own),
      };
      const { logits } = await session.run(feedsOf(alone), ['logits']);
      expect(Number(logits?.data[0])).toBeCloseTo(Number(all?.data[2 * row]), 4);
      expect(Number(logits?.data[1])).toBeCloseTo(Number(all?.data[2 * row + 1]), 4);
    }
    await session.close();
  });
});
