/** `rlcd principle`: a sentence becomes a principle whose sides a model can tell apart. */
import { Argument } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { positiveNumber, wholeNumber } from '../../../shared/command-line/values.ts';
import {
  edgeOption,
  keptDataOption,
  ownModel,
  ownPrompts,
  placementOption,
  promptColumnOption,
  seedOption,
} from '../../experiment/options.ts';
import { runPrinciple } from './run-principle.ts';

export const command = createCommand(
  'rlcd principle',
  'Makes a principle of a sentence. Proposes affix pairs from templates and, where the model is a chat model, from it; ' +
    'measures on prompts how well the model tells the two sides of each apart; shows the figures and some answers; and, ' +
    'when you say so, writes the best pair as the principle that align and the API take.',
)
  .addArgument(new Argument('<sentence>', 'such as "answers admit what they do not know"'))
  .addOption(ownModel())
  .addOption(ownPrompts())
  .addOption(promptColumnOption())
  .addOption(placementOption())
  .option('--count <n>', 'prompts on which each pair is measured', wholeNumber(8, 1000), 32)
  .option('--tokens <n>', 'the most new tokens of an answer', wholeNumber(1, 8192), 64)
  .option('--temperature <n>', 'of the answers', positiveNumber, 0.7)
  .option('--name <name>', "the principle's; made of the sentence unless given")
  .option('--yes', 'writes the best pair without asking', false)
  .option('--out <file>', 'writes it into a JSON file, for --principle; standard output unless given')
  .addOption(keptDataOption())
  .addOption(edgeOption())
  .addOption(seedOption())
  .action(async (sentence, options) => {
    await untilStopped((signal) => runPrinciple(sentence, options, signal));
  });
