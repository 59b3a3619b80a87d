/**
 * A small scorer file, written field by field so that it can be made inside workerd, where the runner's encoder cannot
 * run; it scores a text by the table rows of the words that it is given.
 */
import { Writer } from 'protobufjs/minimal.js';
import { BUCKETS, featuresOf, SEEN_BITS } from '../../../shared/scoring/features.ts';
import { CALIBRATION } from './scorer-file.ts';

const [DIMENSION, HIDDEN] = [4, 4];

/** Not the writer's own strings, whose way into a Buffer workerd refuses. */
const utf8 = (text: string) => new TextEncoder().encode(text);

function tensor(name: string, type: number, dims: readonly number[], bytes: Uint8Array): Uint8Array {
  const writer = Writer.create();
  for (const size of dims) writer.uint32(8).int64(size);
  return writer.uint32(16).int32(type).uint32(66).bytes(utf8(name)).uint32(74).bytes(bytes).finish();
}

const floats = (name: string, dims: readonly number[], values: readonly number[]) =>
  tensor(name, 1, dims, new Uint8Array(Float32Array.from(values).buffer));

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
 * @param otherMetadata in the place of what belongs there
 */
export function madeScorer(
  weights: Readonly<Record<string, number>>,
  bias = 0,
  otherMetadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const table = new Int8Array((BUCKETS + 1) * DIMENSION);
  for (const [word, weight] of Object.entries(weights)) {
    const [row = 0] = featuresOf({ prompt: '', response: word }).response;
    table[row * DIMENSION] = weight;
  }
  // Hidden unit 0 carries the pooled weight, shifted so that the rectifier lets negative ones through.
  const first = Array.from({ length: 2 * DIMENSION * HIDDEN }, (_, index) => (index === 0 ? 1 : 0));
  const graph = Writer.create();
  for (const part of [
    tensor('table', 3, [BUCKETS + 1, DIMENSION], new Uint8Array(table.buffer)),
    floats('scales', [DIMENSION], [1, 1, 1, 1]),
    floats('w1', [2 * DIMENSION, HIDDEN], first),
    floats('b1', [HIDDEN], [1000, 0, 0, 0]),
    floats('w2', [HIDDEN, 1], [1, 0, 0, 0]),
    floats('b2', [1], [bias - 1000]),
  ]) {
    graph.uint32(42).bytes(part);
  }
  const model = Writer.create().uint32(58).bytes(graph.finish());
  const seenWords = Buffer.alloc(SEEN_BITS / 8, 255).toString('base64');
  const names = JSON.stringify(['w1', 'b1', 'w2', 'b2']);
  const calibration = JSON.stringify(CALIBRATION);
  const metadata = {
    calibration,
    seenWords,
    table: 'table',
    scales: 'scales',
    dense: names,
    ...otherMetadata,
  };
  for (const [key, value] of Object.entries(metadata)) {
    model
      .uint32(114)
      .bytes(Writer.create().uint32(10).bytes(utf8(key)).uint32(18).bytes(utf8(value)).finish());
  }
  return model.finish();
}
