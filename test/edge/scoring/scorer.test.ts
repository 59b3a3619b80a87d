import { readFileSync } from 'node:fs';
import wabt from 'wabt';
import { describe, expect, it } from 'vitest';
import { readScoringKernel } from '../../../edge/hosts/node.ts';
import { ScorerFileError } from '../../../edge/scoring/scorer-file-error.ts';
import { Scorer } from '../../../edge/scoring/scorer.ts';
import {
  quantiseStudent,
  dequantiseStudent,
} from '../../../gpu-runner/algorithms/scorer/quantised-student.ts';
import { encodeScorer } from '../../../gpu-runner/algorithms/scorer/scorer-file.ts';
import { forward } from '../../../gpu-runner/algorithms/scorer/student.ts';
import { TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { integerBelow } from '../../../shared/random.ts';
import { BUCKETS, featuresOf, SEEN_BITS } from '../../../shared/scoring/features.ts';
import { randomStudent } from '../../gpu-runner/algorithms/scorer/random-student.ts';
import { madeScorer } from './made-scorer.ts';
import { scorerGraph } from './scorer-graph.ts';
import { CALIBRATION } from './scorer-file.ts';

const student = quantiseStudent(randomStudent(7));
const file = encodeScorer(student, CALIBRATION, new Uint8Array(SEEN_BITS / 8).fill(255));
const kernel = readScoringKernel();

const WORDS =
  'they hugged and smiled he was mean angry cried the dog ran home happy sad little red ball'.split(' ');
const sentence = (row: number, length: number): string =>
  Array.from({ length }, (_, place) => WORDS[integerBelow(WORDS.length, 1, row, place)]).join(' ');
const TEXTS = Array.from({ length: 20 }, (_, row) => ({
  prompt: row % 3 === 0 ? '' : sentence(100 + row, row),
  response: sentence(row, 1 + row * 3),
}));

describe('the kernel', () => {
  it('is what its source compiles to', async () => {
    const source = readFileSync(new URL('../../../edge/scoring/kernel.wat', import.meta.url), 'utf8');
    const module = (await wabt()).parseWat('kernel.wat', source, { simd: true, bulk_memory: true });
    module.validate();
    const bytes = readFileSync(new URL('../../../edge/scoring/kernel.wasm', import.meta.url));
    expect(Buffer.from(module.toBinary({}).buffer).equals(bytes)).toBe(true);
  });

  it("gives the student's scores, whatever was scored before", () => {
    const scorer = new Scorer(kernel, file);
    const whole = dequantiseStudent(student);
    const expected = TEXTS.map((text) => forward(whole, featuresOf(text)).score);
    const given = TEXTS.map((text) => scorer.score(text).score);
    const backwards = TEXTS.toReversed().map((text) => scorer.score(text).score);
    given.forEach((score, row) => expect(score).toBeCloseTo(expected[row] ?? Number.NaN, 3));
    expect(backwards.toReversed()).toEqual(given);
  });

  it('agrees with ONNX Runtime on the same numbers', async () => {
    const scorer = new Scorer(kernel, file);
    const features = TEXTS.map((text) => featuresOf(text));
    const feeds = (field: 'response' | 'prompt') => {
      const width = Math.max(1, ...features.map((one) => one[field].length));
      const ids = new Int32Array(features.length * width).fill(BUCKETS);
      features.forEach((one, row) => ids.set(one[field], row * width));
      const counts = Float32Array.from(features, (one) => Math.max(1, one[field].length));
      return {
        [field]: { dtype: 'int32', shape: [features.length, width], data: ids },
        [`${field}Count`]: { dtype: 'float32', shape: [features.length, 1], data: counts },
      } as const;
    };
    const session = await TensorSession.open({ model: scorerGraph(student) });
    const { score } = await session.run({ ...feeds('response'), ...feeds('prompt') });
    await session.close();
    TEXTS.forEach((text, row) => {
      expect(scorer.score(text).score).toBeCloseTo(Number(score?.data[row]), 3);
    });
  });
});

/** What opening a file throws; undefined where it opens. */
function refusal(bytes: Uint8Array): unknown {
  try {
    const scorer = new Scorer(kernel, bytes);
    scorer.score({ prompt: '', response: 'It opens.' });
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a file that is no scorer', () => {
  const noWords = new Uint8Array(SEEN_BITS / 8);
  const withNan = {
    ...student,
    dense: student.dense.map((value, index) => (index === 5 ? Number.NaN : value)),
  };

  it.each([
    ['empty', new Uint8Array(), /has only 0 bytes/],
    ['text', new TextEncoder().encode('not a model at all'), /header says it has/],
    ['cut', file.subarray(0, file.length / 2), /ends at byte/],
    ['cut in its header', file.subarray(0, 100), /header says it has/],
    ['longer than it says', Buffer.concat([file, new Uint8Array(1)]), /belong to no tensor/],
    ['of another calibration', encodeScorer(student, { ...CALIBRATION, slope: -1 }, noWords), /calibration/],
    [
      'of an earlier form',
      madeScorer({}, 0, {
        metadata: { calibration: JSON.stringify({ ...CALIBRATION, format: 'rlcd-scorer-1' }) },
      }),
      /form "rlcd-scorer-1", this version reads "rlcd-scorer-3": run an experiment/,
    ],
    [
      'an ONNX model, as scorers were',
      scorerGraph(student),
      /form "ONNX", this version reads "rlcd-scorer-3": run an experiment with "scorer": true/,
    ],
    ['without metadata', madeScorer({}, 0, { metadata: {} }), /no metadata "calibration"/],
    ['of another set of words', encodeScorer(student, CALIBRATION, new Uint8Array(3)), /"seen_words" is not/],
    ['with metadata that are no JSON', madeScorer({}, 0, { metadata: { calibration: '[' } }), /is not JSON/],
    ['with a tensor that is not there', madeScorer({}, 0, { without: 'second.bias' }), /"second.bias"/],
    ['without its widths', madeScorer({}, 0, { without: 'scales' }), /0 and 4 wide/],
    ['with a weight that is no number', encodeScorer(withNan, CALIBRATION, noWords), /not finite/],
  ])('%s is refused with what is wrong', (_, bytes, message) => {
    const error = refusal(bytes);
    expect(error).toBeInstanceOf(ScorerFileError);
    expect(String(error)).toMatch(message);
  });

  it('never crashes the reader: bytes flipped and cut at random, seed 5', () => {
    const refusals = Array.from({ length: 300 }, (_, round) => {
      const bytes = file.slice(0, 1 + integerBelow(file.length, 5, round, 0));
      for (let flip = 0; flip < 8; flip++) {
        const place = integerBelow(Math.min(bytes.length, 4000), 5, round, 1 + flip);
        bytes[place] = (bytes[place] ?? 0) ^ (1 << integerBelow(8, 5, round, 50 + flip));
      }
      return refusal(bytes);
    }).filter((error) => error !== undefined);
    expect(refusals.length).toBeGreaterThan(250);
    expect(refusals.filter((error) => !(error instanceof ScorerFileError))).toEqual([]);
  });
});
