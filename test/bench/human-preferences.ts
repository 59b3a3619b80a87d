/** `npm run bench -- human-preferences`: how well a preference model learns what people prefer, on Anthropic HH. */
import { onDevice } from '../../gpu-runner/llama/backends/open-model.ts';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { describeModel, openBaseModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { accuracy } from '../../shared/statistics/agreement.ts';
import { bootstrapMean } from '../../shared/statistics/bootstrap.ts';
import { trainBagOfWords } from './human-preferences/bag-of-words.ts';
import { HH_FIELDS, HHH_FIELDS, humanPairs, type HumanPair } from './human-preferences/human-pairs.ts';
import { preferenceMargins } from './human-preferences/preference-model.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { positiveNumber, wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption, modelOrBundled, seedOption } from '../../scripts/experiment/options.ts';

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
export const command = createCommand(
  'npm run bench -- human-preferences',
  'How well a preference model learns what people prefer, on Anthropic HH.',
)
  .addOption(modelOrBundled())
  .option('--train <file>', 'HH rows to train on', join(DATA, 'hh-rlhf-helpful-8k', 'train_gt.jsonl'))
  .option('--test <file>', 'HH rows to test on; test.jsonl beside the training rows unless given')
  .option('--hhh <file>', 'the 438 HHH comparisons', join(DATA, 'hhh-eval-438', '438HHHEvaluations.jsonl'))
  .option('--pairs <n>', 'trains on the first rows', wholeNumber(0), 100_000)
  .option('--test-pairs <n>', 'tests on the first rows', wholeNumber(0), 100_000)
  .option('--epochs <n>', 'passes over the rows', wholeNumber(1), 1)
  .option('--learning-rate <rate>', 'of the adapter and the head', positiveNumber, 1e-3)
  .option('--length <n>', 'the longest text in tokens', wholeNumber(1), 256)
  .addOption(seedOption())
  .addOption(jsonOption())
  .action(async (values) => {
    const started = performance.now();
    const train = read(values.train, HH_FIELDS).slice(0, values.pairs);
    const testFile = values.test ?? join(dirname(values.train), 'test.jsonl');
    const seen = new Set(train.map(({ prompt }) => prompt));
    const allTest = read(testFile, HH_FIELDS);
    const test = allTest.filter(({ prompt }) => !seen.has(prompt)).slice(0, values.testPairs);
    const hhh = read(values.hhh, HHH_FIELDS);
    const description = await describeModel('base', values.model, CACHE);
    const model = await onDevice(await openBaseModel(description.source, CACHE), 'cpu', CACHE);
    const { result, margins } = await preferenceMargins(
      model,
      train,
      [test, hhh],
      {
        learningRate: values.learningRate,
        epochs: values.epochs,
        heldOutPairs: Math.min(200, Math.ceil(train.length / 10)),
        maximumLength: values.length,
        seed: values.seed,
      },
      (text) => console.error(text),
    );
    const bag = trainBagOfWords(train);
    const document = {
      command: `npm run bench -- human-preferences ${process.argv.slice(3).join(' ')}`,
      model: { source: values.model, parameterCount: description.parameterCount },
      train: { pairs: train.length, ...result },
      testRowsWithATrainingPrompt: allTest.length - allTest.filter(({ prompt }) => !seen.has(prompt)).length,
      test: evaluate(test, margins[0] ?? [], bag),
      hhh: evaluate(hhh, margins[1] ?? [], bag),
      seconds: (performance.now() - started) / 1000,
      machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
    };
    console.log(JSON.stringify(document, null, values.json ? 2 : 0));
  });
