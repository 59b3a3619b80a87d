/** `rlcd export`: what an experiment made, in a form that other programs open. */
import { Argument, Option } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { EXPORT_FORMS } from '../../../shared/export/forms.ts';
import { edgeOption, keptDataOption } from '../../experiment/options.ts';
import { runExport } from './run-export.ts';

export const command = createCommand(
  'rlcd export',
  "Writes an experiment's model into a folder: an adapter for PEFT or llama.cpp, or the base with the adapter merged " +
    'for transformers, llama.cpp or Ollama; each with a model card.',
)
  .addArgument(new Argument('<experiment>', 'its id or its name'))
  .addOption(
    new Option(
      '--to <form>',
      'peft: a LoRA adapter for PEFT; gguf-lora: the same for llama.cpp; merged: a folder for transformers; ' +
        'gguf: one file for llama.cpp; ollama: that file with a Modelfile',
    )
      .choices(EXPORT_FORMS)
      .makeOptionMandatory(),
  )
  .requiredOption('--out <folder>', 'a folder that is not there yet, or empty')
  .addOption(
    new Option('--quantise <type>', 'numbers of a GGUF: 8 bits in blocks of 32, or 16 bits')
      .choices(['q8_0', 'f16'] as const)
      .default('q8_0' as const),
  )
  .option(
    '--stage <name>',
    'the stage whose adapter leaves, such as train-preference-model; base: the base model alone; the final policy unless given',
  )
  .option('--artifact <sha256>', "an adapter of the experiment by its hash, such as a cell of PPO's grid")
  .addOption(keptDataOption())
  .addOption(edgeOption())
  .action(async (experiment, options) => {
    await untilStopped((signal) => runExport(experiment, options, signal));
  });
