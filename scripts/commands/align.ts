/** `rlcd align`: RLCD on a model, a principle and prompts of one's own, with the demo's course and settings. */
import { createCommand } from '../../shared/command-line/command.ts';
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
  ownModel,
  ownPrinciple,
  ownPrompts,
  placementOption,
  portOption,
  promptColumnOption,
  seedOption,
  simulatorOption,
  yesOption,
} from '../experiment/options.ts';
import { align } from './demo/run-alignment.ts';
import { scaleOption } from './demo/scale-option.ts';

export const command = createCommand(
  'rlcd align',
  'Aligns your own model to your own principle on your own prompts, and shows whether it worked. Everything runs on ' +
    'this machine: an edge, a runner, RLCD and the base model beside it. Serves the result until Ctrl-C.',
)
  .addOption(ownModel().makeOptionMandatory())
  .addOption(methodOption())
  .addOption(simulatorOption())
  .addOption(formOption())
  .addOption(placementOption())
  .addOption(ownPrinciple().makeOptionMandatory())
  .addOption(ownPrompts().makeOptionMandatory())
  .addOption(promptColumnOption())
  .addOption(judgeOption())
  .addOption(hostOption().default('node' as const))
  .addOption(scaleOption())
  .addOption(budgetOption())
  .addOption(answerTokensOption())
  .addOption(yesOption())
  .addOption(seedOption())
  .addOption(dataOption())
  .addOption(portOption())
  .addOption(exitOption())
  .addOption(jsonOption())
  .action(align);
