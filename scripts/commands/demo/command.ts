/** `rlcd demo`: a whole RLCD alignment on this machine, over the public API, with its result. */
import { createCommand } from '../../../shared/command-line/command.ts';
import {
  answerTokensOption,
  budgetOption,
  dataOption,
  exitOption,
  formOption,
  hostOption,
  jsonOption,
  judgeOption,
  methodOption,
  modelOrBundled,
  ownPrinciple,
  ownPrompts,
  placementOption,
  portOption,
  promptColumnOption,
  seedOption,
  simulatorOption,
  yesOption,
} from '../../experiment/options.ts';
import { align } from './run-alignment.ts';
import { scaleOption } from './scale-option.ts';

export const command = createCommand(
  'rlcd demo',
  'Aligns a language model to a principle, and shows whether it worked. Starts the edge with an embedded store and ' +
    'one runner on this machine, runs RLCD and the base model over the public API, prints the result and serves it ' +
    'until Ctrl-C.',
)
  .addOption(hostOption())
  .addOption(scaleOption())
  .addOption(modelOrBundled())
  .addOption(methodOption())
  .addOption(simulatorOption())
  .addOption(formOption())
  .addOption(placementOption())
  .addOption(ownPrompts())
  .addOption(promptColumnOption())
  .addOption(judgeOption())
  .addOption(ownPrinciple().default('kind-stories'))
  .addOption(budgetOption())
  .addOption(answerTokensOption())
  .addOption(yesOption())
  .addOption(seedOption())
  .addOption(dataOption())
  .addOption(portOption())
  .addOption(exitOption())
  .addOption(jsonOption())
  .action(align);
