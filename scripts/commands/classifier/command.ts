/** `rlcd classifier`: a judge of texts that has seen no preference data. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { seedOption } from '../../experiment/options.ts';
import { runClassifier } from './run-classifier.ts';

/** As long as a judge's label may be. */
const LONGEST_LABEL = 200;

export const command = createCommand(
  'rlcd classifier',
  'Makes a text classifier of a sentence encoder, which stays as it is, and labelled texts: a judge of harm, say, that has ' +
    'seen no preference pair. Holds a fifth of the texts out and tells how well it does on them, beside what their length ' +
    'alone would tell. What it writes is a folder for {"kind": "classifier"} among the judges, and for transformers.js.',
)
  .requiredOption(
    '--encoder <folder>',
    'config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx or onnx/model_quantized.onnx, as ' +
      'Xenova/all-MiniLM-L6-v2 on the hub has them',
  )
  .requiredOption('--texts <file>', 'JSON lines, a JSON array or CSV, also as .gz')
  .option('--text <column>', 'which column holds the text', 'text')
  .addOption(
    new Option(
      '--positive <columns>',
      'columns of 0 and 1, with commas between; a text is positive where any is 1',
    )
      .argParser(namesOf)
      .makeOptionMandatory(),
  )
  .addOption(
    new Option('--labels <names>', 'what a text is called that is not positive, and one that is')
      .argParser(labelsOf)
      .default(['safe', 'harmful'] as const, 'safe,harmful'),
  )
  .requiredOption('--out <folder>', 'a folder that is not there yet, or empty')
  .addOption(seedOption())
  .option('--json', 'prints all figures as JSON', false)
  .action(async (options) => {
    await untilStopped((signal) => runClassifier(options, signal));
  });

function namesOf(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '') && new Set(names).size === names.length) return names;
  throw new InvalidArgumentError('Give names with commas between, each once');
}

function labelsOf(text: string): readonly [string, string] {
  const [negative, positive, ...others] = namesOf(text);
  if (negative !== undefined && positive !== undefined && others.length === 0) {
    if (negative.length <= LONGEST_LABEL && positive.length <= LONGEST_LABEL) return [negative, positive];
    throw new InvalidArgumentError(`Give names of at most ${LONGEST_LABEL} characters`);
  }
  throw new InvalidArgumentError('Give two names: of a text that is not positive, and of one that is');
}
