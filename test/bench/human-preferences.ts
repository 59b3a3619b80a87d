/**
 * `npm run bench -- human-preferences`: how well a preference model learns what people prefer, on Anthropic HH.
 *
 *   --model SOURCE   a folder, a llama2.c file, a hub id or `bundled` (default)
 *   --train FILE     HH rows to train on (default ../shared/data/hh-rlhf-helpful-8k/train_gt.jsonl)
 *   --test FILE      HH rows to test on (default: test.jsonl beside it)
 *   --hhh FILE       the 438 HHH comparisons (default ../shared/data/hhh-eval-438/438HHHEvaluations.jsonl)
 *   --pairs N        train on the first N rows (default all)
 *   --test-pairs N   test on the first N rows (default all)
 *   --epochs N, --learning-rate R, --length TOKENS, --seed N
 *   --json           one JSON document on standard output; progress goes to standard error
 */
import { onDevice } from '../../gpu-runner/llama/backends/open-model.ts';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeModel, openTaskModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { accuracy } from '../../shared/statistics/agreement.ts';
import { bootstrapMean } from '../../shared/statistics/bootstrap.ts';
import { trainBagOfWords } from './human-preferences/bag-of-words.ts';
import { HH_FIELDS, HHH_FIELDS, humanPairs, type HumanPair } from './human-preferences/human-pairs.ts';
import { preferenceMargins } from './human-preferences/preference-model.ts';

const DATA = '../shared/data';
const CACHE = '.rlcd/bench';

/** 1, 0.5 or 0: a positive margin prefers what people preferred. */
const right = (margin: number) => (1 + Math.sign(margin)) / 2;

function read(file: string, fields: typeof HH_FIELDS): HumanPair[] {
  if (!existsSync(file)) throw new Error(`${file} is absent: name the file by its option`);
  return humanPairs(readFileSync(file, 'utf8'), fields);
}

/** Every method on the same rows, and what the preference model adds to the best rule without a model. */
function evaluate(
  pairs: readonly HumanPair[],
  margins: readonly (number | null)[],
  bag: (pair: HumanPair) => number,
) {
  const rows = pairs.flatMap((pair, index) => {
    const margin = margins[index];
    return margin === null || margin === undefined
      ? []
      : [
          {
            model: right(margin),
            length: right(pair.chosen.length - pair.rejected.length),
            words: right(bag(pair)),
          },
        ];
  });
  const of = (name: 'model' | 'length' | 'words') => accuracy(rows.map((row) => row[name]));
  const gain = (name: 'length' | 'words') => {
    const differences = rows.map((row) => row.model - row[name]);
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    return { mean, interval: bootstrapMean(differences, { seed: 1 }) };
  };
  return {
    pairs: pairs.length,
    unreadable: pairs.length - rows.length,
    preferenceModel: of('model'),
    longerResponse: of('length'),
    bagOfWords: of('words'),
    gainOverLongerResponse: gain('length'),
    gainOverBagOfWords: gain('words'),
  };
}

/** Runs the bench and prints what it measured. */
export async function run(given: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      model: { type: 'string', default: 'bundled' },
      train: { type: 'string', default: join(DATA, 'hh-rlhf-helpful-8k', 'train_gt.jsonl') },
      test: { type: 'string' },
      hhh: { type: 'string', default: join(DATA, 'hhh-eval-438', '438HHHEvaluations.jsonl') },
      pairs: { type: 'string', default: '100000' },
      'test-pairs': { type: 'string', default: '100000' },
      epochs: { type: 'string', default: '1' },
      'learning-rate': { type: 'string', default: '1e-3' },
      length: { type: 'string', default: '256' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const started = performance.now();
  const train = read(values.train, HH_FIELDS).slice(0, Number(values.pairs));
  const testFile = values.test ?? join(dirname(values.train), 'test.jsonl');
  const seen = new Set(train.map(({ prompt }) => prompt));
  const allTest = read(testFile, HH_FIELDS);
  const test = allTest.filter(({ prompt }) => !seen.has(prompt)).slice(0, Number(values['test-pairs']));
  const hhh = read(values.hhh, HHH_FIELDS);
  const description = await describeModel('base', values.model, CACHE);
  const model = await onDevice(await openTaskModel(description, CACHE), 'cpu', CACHE);
  const { result, margins } = await preferenceMargins(
    model,
    train,
    [test, hhh],
    {
      learningRate: Number(values['learning-rate']),
      epochs: Number(values.epochs),
      heldOutPairs: Math.min(200, Math.ceil(train.length / 10)),
      maximumLength: Number(values.length),
      seed: Number(values.seed),
    },
    (text) => console.error(text),
  );
  const bag = trainBagOfWords(train);
  const document = {
    command: `npm run bench -- human-preferences ${given.join(' ')}`,
    model: { source: values.model, parameterCount: description.parameterCount },
    train: { pairs: train.length, ...result },
    testRowsWithATrainingPrompt: allTest.length - allTest.filter(({ prompt }) => !seen.has(prompt)).length,
    test: evaluate(test, margins[0] ?? [], bag),
    hhh: evaluate(hhh, margins[1] ?? [], bag),
    seconds: (performance.now() - started) / 1000,
    machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
  };
  console.log(JSON.stringify(document, null, values.json ? 2 : 0));
}
