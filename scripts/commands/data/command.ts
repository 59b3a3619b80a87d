/** `rlcd data`: looks at a file of prompts, takes its short questions, rewrites prompts and preference pairs, writes pairs for other trainers, makes the paper's upload. */
import { Argument, Option } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { wholeNumber } from '../../../shared/command-line/values.ts';
import { TRAINER_FORMS } from '../../../shared/export/trainer-pairs.ts';
import { edgeOption, keptDataOption, promptColumnOption, seedOption } from '../../experiment/options.ts';
import { counted } from '../../../shared/text/counted.ts';
import { readPromptFile } from '../../read-prompt-file.ts';
import { readUserFile } from '../../read-user-file.ts';
import { writeUserFile } from '../../write-user-file.ts';
import { convertPairs, formatMessages, OUTPUT_FORMS, paperPromptSet } from './convert.ts';
import { questionsOf } from './questions.ts';
import { writePairs } from './pairs.ts';
import { describeRows } from './describe-rows.ts';

export const command = createCommand(
  'rlcd data',
  'Looks at a file of prompts, takes its short questions, rewrites prompts and preference pairs, and makes an upload ' +
    'with the splits of the paper. ' +
    'Files are read as --prompts and the API read them: JSON lines or an array of {prompt}, {messages}, {conversations}, ' +
    '{instruction, input}, {prompt, chosen, rejected} or HH dialogues {chosen, rejected}; CSV with these columns, or the ' +
    "official code's instruction,input,output_1,output_2,preference[,win2_prob]; .txt with one prompt a line, or stories " +
    'with <|endoftext|> between them. UTF-8 or UTF-16, packed with gzip or not.',
);

const FORMAT_OF_FORM = { hh: 'json', jsonl: 'json', json: 'json', csv: 'csv', text: 'text' } as const;
const FORMS = ['hh', 'jsonl', 'json', 'csv', 'text'] as const;

const fromOption = () =>
  new Option('--from <form>', "its form; by the file's name and its first character unless given").choices(
    FORMS,
  );

const formatOf = (form: (typeof FORMS)[number] | undefined) => form && FORMAT_OF_FORM[form];

command
  .command('look')
  .description(
    'Says what the reader makes of a file: rows, splits, columns, what is left out, the first prompt.',
  )
  .argument('<file>', 'the prompts')
  .addOption(promptColumnOption())
  .addOption(fromOption())
  .option('--out <file>', "writes the prompts as JSON lines of OpenAI's messages, too")
  .action(async (file, { out, from, promptColumn }) => {
    const read = await readPromptFile(file, file, { format: formatOf(from), promptColumn });
    if (out !== undefined) await writeUserFile(out, formatMessages(read.rows));
    console.log(describeRows(read));
  });

command
  .command('questions')
  .description(
    'Makes a file of prompts out of the short first questions of another, each once: what a small budget aligns a chat ' +
      'model on. Small models answer at length; words behind each question can ask them not to.',
  )
  .requiredOption('--in <file>', 'prompts, dialogues or pairs to read')
  .addOption(promptColumnOption())
  .addOption(fromOption())
  .requiredOption('--out <file>', "the file to write, JSON lines of OpenAI's messages")
  .option('--longest <n>', 'characters of the longest question', wholeNumber(1), 240)
  .option('--append <words>', 'put behind every question, such as "Answer in one or two sentences."', '')
  .option('--without <file>', "leaves out the questions of this file, such as a judge's")
  .action(async ({ in: file, out, from, promptColumn, longest, append, without: other }) => {
    const { rows, leftOut } = await readPromptFile(file, file, { format: formatOf(from), promptColumn });
    const without = other === undefined ? [] : (await readPromptFile(`--without ${other}`, other)).rows;
    const questions = questionsOf(rows, { longest, append, without });
    if (questions.rows.length === 0) {
      throw new UsageError(`${file} holds no prompt of one turn with at most ${longest} characters`);
    }
    await writeUserFile(out, formatMessages(questions.rows));
    const reasons = Object.entries(questions.leftOut).map(([reason, count]) => `${count} ${reason}`);
    if (leftOut !== '') reasons.unshift(leftOut);
    console.log(counted(questions.rows.length, 'question'));
    if (reasons.length > 0) console.log(`left out: ${reasons.join(', ')}`);
  });

command
  .command('convert')
  .description(
    'Rewrites preference pairs as {prompt, chosen, rejected, label_probability} lines or the official CSV.',
  )
  .requiredOption('--in <file>', 'the pairs to read')
  .addOption(promptColumnOption())
  .addOption(fromOption())
  .requiredOption('--out <file>', 'the file to write')
  .addOption(new Option('--to <form>', 'its form').choices(OUTPUT_FORMS).makeOptionMandatory())
  .addOption(seedOption())
  .action(async ({ in: file, out, to, seed, from, promptColumn }) => {
    const { rows, leftOut } = await readPromptFile(file, file, { format: formatOf(from), promptColumn });
    const { text, pairs } = convertPairs(rows, { to, seed });
    if (pairs === 0) {
      throw new UsageError(`${file} holds prompts and no pair: give every row "chosen" and "rejected"`);
    }
    await writeUserFile(out, text);
    const without = rows.length - pairs;
    if (without > 0) console.log(`${without} rows without a pair`);
    if (leftOut !== '') console.log(`left out: ${leftOut}`);
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
    const { upload, agreement } = paperPromptSet(
      await readUserFile(train, train),
      await readUserFile(test, test),
    );
    await writeUserFile(out, upload);
    await writeUserFile(file, agreement);
    const rows = (text: string) => text.split('\n').length - 1;
    console.log(`${rows(upload)} prompts, ${rows(agreement)} rows to compare with`);
  });

command
  .command('pairs')
  .description(
    "Writes an experiment's preference pairs into a folder that a trainer for many cards reads, and prints the command " +
      'that trains on them.',
  )
  .addArgument(new Argument('<experiment>', 'its id or its name'))
  .addOption(new Option('--to <form>', 'whose form').choices(TRAINER_FORMS).makeOptionMandatory())
  .requiredOption('--out <folder>', 'where pairs.jsonl goes, and dataset_info.json for LLaMA-Factory')
  .addOption(keptDataOption())
  .addOption(edgeOption())
  .action(async (experiment, options) => {
    const { pairs, command: train } = await writePairs(experiment, options);
    console.error(`${counted(pairs, 'pair')} in ${options.out}; to train on them:`);
    console.log(train);
  });
