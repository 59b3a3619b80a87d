/** `rlcd data`: preference files in and out, and the paper's splits of Anthropic HH as one upload. */
import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { Option } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { seedOption } from '../../experiment/options.ts';
import { convertPairs, INPUT_FORMS, OUTPUT_FORMS, paperPromptSet } from './convert.ts';

export const command = createCommand(
  'rlcd data',
  'Converts preference files, and makes an upload with the splits of the paper. Files that end in .gz are decompressed.',
);

command
  .command('convert')
  .description(
    "Rewrites preference pairs: hh is Anthropic's {chosen, rejected} dialogues, jsonl is {prompt, chosen, rejected, " +
      "label_probability}, csv is the official code's instruction,input,output_1,output_2,preference[,win2_prob].",
  )
  .requiredOption('--in <file>', 'the pairs to read')
  .addOption(new Option('--from <form>', 'their form').choices(INPUT_FORMS).makeOptionMandatory())
  .requiredOption('--out <file>', 'the file to write')
  .addOption(new Option('--to <form>', 'its form').choices(OUTPUT_FORMS).makeOptionMandatory())
  .addOption(seedOption())
  .action(async (options) => {
    const { text, pairs } = convertPairs(await read(options.in), options);
    await writeFile(options.out, text);
    console.log(`${pairs} pairs`);
  });

command
  .command('paper-splits')
  .description(
    "Makes one upload (POST /v1/prompt-sets?rule=field) of HH's train and test file with the paper's splits, and " +
      'beside it the 2,000 rows on which preference models are compared with people.',
  )
  .requiredOption('--train <file>', "HH's train file")
  .requiredOption('--test <file>', "HH's test file")
  .requiredOption('--out <file>', 'the upload to write')
  .requiredOption('--agreement <file>', 'the rows to compare with, to write')
  .action(async ({ train, test, out, agreement: file }) => {
    const { upload, agreement } = paperPromptSet(await read(train), await read(test));
    await writeFile(out, upload);
    await writeFile(file, agreement);
    const rows = (text: string) => text.split('\n').length - 1;
    console.log(`${rows(upload)} prompts, ${rows(agreement)} rows to compare with`);
  });

async function read(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
