/** Distils a preference model into a scorer: trained, rounded to 8 bits, measured on prompts it never saw, written. */
import type { TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { permutation } from '../../../shared/random.ts';
import { mean, standardDeviation } from '../../../shared/statistics/summary.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { RunHooks } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { calibrateScorer, seenWordsOf } from './calibrate-scorer.ts';
import { evaluateStudent } from './evaluate-student.ts';
import { dequantiseStudent, quantiseStudent } from './quantised-student.ts';
import { encodeScorer } from './scorer-file.ts';
import { forward, type Student } from './student.ts';
import {
  teacherScores,
  type JudgedPair,
  type ScoredPair,
  type ScorerInput,
  type ScorerSettings,
  type TeacherEngine,
} from './teacher-scores.ts';
import { trainStudent } from './train-student.ts';

/**
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @returns the scorer's file and what it measured
 * @throws AlgorithmInputError if nothing is left to train on or to measure, or the teacher says the same of every text
 */
export async function trainScorer(
  input: ScorerInput,
  settings: ScorerSettings,
  tokenizer: Tokenizer,
  engine: TeacherEngine,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<{ readonly bytes: Uint8Array; readonly result: TaskResult<'train-scorer'> }> {
  const scored = await teacherScores(input, settings, tokenizer, engine, hooks, resume);
  const { train, heldOut } = splitByPrompt(scored, settings.heldOutShare, input.seed);
  const scale = scaleOf(train);
  const taught = train.map((pair) => ({
    first: pair.first,
    second: pair.second,
    firstScore: (pair.firstScore - scale.mean) / scale.deviation,
    secondScore: (pair.secondScore - scale.mean) / scale.deviation,
  }));
  const full = trainStudent(taught, settings, input.seed, (epoch, loss) =>
    hooks.metrics(epoch, { 'scorer/loss': loss }),
  );
  const file = quantiseStudent(full);
  const student = dequantiseStudent(file);
  const judged = heldOut.map((pair) => judge(student, pair));
  const seenWords = seenWordsOf(train);
  const bytes = encodeScorer(file, calibrateScorer(judged, train, seenWords), seenWords);
  const result = {
    texts: 2 * scored.length,
    bytes: bytes.length,
    heldOut: evaluateStudent(judged, input.seed),
  };
  return { bytes, result };
}

function judge(student: Student, pair: ScoredPair): JudgedPair {
  return {
    ...pair,
    firstStudent: forward(student, pair.first).score,
    secondStudent: forward(student, pair.second).score,
  };
}

/** Whole prompts are held out, so that no prompt is seen on both sides. */
function splitByPrompt(pairs: readonly ScoredPair[], share: number, seed: number) {
  const prompts = [...new Set(pairs.map(({ prompt }) => prompt))];
  const order = permutation(prompts.length, seed, streamOf('scorer-held-out', 0));
  const held = new Set(
    [...order.subarray(0, Math.ceil(share * prompts.length))].map((index) => prompts[index]),
  );
  const train = pairs.filter(({ prompt }) => !held.has(prompt));
  const heldOut = pairs.filter(({ prompt }) => held.has(prompt));
  if (
    train.length === 0 ||
    !(['simulated', 'fresh'] as const).every((one) => heldOut.some(({ source }) => source === one))
  ) {
    throw new AlgorithmInputError(
      `${pairs.length} pairs over ${prompts.length} prompts leave ${train.length} to train on and ${heldOut.length} ` +
        'to measure with: give more prompts',
    );
  }
  return { train, heldOut };
}

function scaleOf(pairs: readonly ScoredPair[]) {
  const scores = pairs.flatMap(({ firstScore, secondScore }) => [firstScore, secondScore]);
  const deviation = standardDeviation(scores);
  if (!(deviation > 0) || !Number.isFinite(deviation)) {
    throw new AlgorithmInputError(
      `the preference model gives its ${scores.length} texts scores of deviation ${deviation}: it has learnt nothing ` +
        'that a scorer could learn from it',
    );
  }
  return { mean: mean(scores), deviation };
}
