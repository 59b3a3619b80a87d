/** A small scorer file, which scores a text by the table rows of the words that it is given. */
import { encodeSafetensors } from '../../../shared/safetensors/encode.ts';
import { BUCKETS, featuresOf, SEEN_BITS } from '../../../shared/scoring/features.ts';
import { CALIBRATION } from './scorer-file.ts';

const [DIMENSION, HIDDEN] = [4, 4];

const floats = (name: string, shape: readonly number[], values: readonly number[]) => ({
  name,
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

const agreement = { n: 1, agreement: 1, interval: { lower: 0.2, upper: 1, confidence: 0.95 } };
/** What a task that made such a file may say of it. */
export const SCORER_RESULT = {
  texts: 8,
  bytes: 100,
  heldOut: {
    pairs: agreement,
    freshPairs: agreement,
    rankCorrelation: { n: 4, value: 0.9, interval: { lower: 0.5, upper: 1, confidence: 0.95 } },
    byLength: [],
    byMargin: [],
    labels: { n: 2, student: 1, teacher: 1 },
  },
};

/**
 * @param weights of words: a response scores their sum over the root of its features, plus `bias`
 * @param other `metadata` in the place of what belongs there; the name of a tensor that is left out
 */
export function madeScorer(
  weights: Readonly<Record<string, number>>,
  bias = 0,
  other: { readonly metadata?: Readonly<Record<string, string>>; readonly without?: string } = {},
): Uint8Array {
  const table = new Int8Array(BUCKETS * DIMENSION);
  for (const [word, weight] of Object.entries(weights)) {
    const [row = 0] = featuresOf({ prompt: '', response: word }).response;
    table[row * DIMENSION] = weight;
  }
  // Hidden unit 0 carries the pooled weight, shifted so that the rectifier lets negative ones through.
  const first = Array.from({ length: 2 * DIMENSION * HIDDEN }, (_, index) => (index === 0 ? 1 : 0));
  const tensors = [
    { name: 'table', dtype: 'I8', shape: [BUCKETS, DIMENSION], bytes: new Uint8Array(table.buffer) },
    floats('scales', [DIMENSION], [1, 1, 1, 1]),
    floats('first.weight', [2 * DIMENSION, HIDDEN], first),
    floats('first.bias', [HIDDEN], [1000, 0, 0, 0]),
    floats('second.weight', [HIDDEN, 1], [1, 0, 0, 0]),
    floats('second.bias', [1], [bias - 1000]),
    {
      name: 'seen_words',
      dtype: 'U8',
      shape: [SEEN_BITS / 8],
      bytes: new Uint8Array(SEEN_BITS / 8).fill(255),
    },
  ];
  return encodeSafetensors(
    tensors.filter(({ name }) => name !== other.without),
    other.metadata ?? { calibration: JSON.stringify(CALIBRATION) },
  );
}
