/** `npm run data`: preference files in and out, and the paper's splits of Anthropic HH as one upload. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { explain } from '../../../shared/explain.ts';
import { UsageError } from '../../usage-error.ts';
import {
  convertPairs,
  INPUT_FORMS,
  OUTPUT_FORMS,
  paperPromptSet,
  type InputForm,
  type OutputForm,
} from './convert.ts';

const HELP = `npm run data -- convert --in FILE --from ${INPUT_FORMS.join('|')} --out FILE --to ${OUTPUT_FORMS.join('|')} [--seed N]
  Rewrites preference pairs: hh is Anthropic's {chosen, rejected} dialogues, jsonl is {prompt, chosen, rejected,
  label_probability}, csv is the official code's instruction,input,output_1,output_2,preference[,win2_prob].

npm run data -- paper-splits --train FILE --test FILE --out FILE --agreement FILE
  Makes one upload (POST /v1/prompt-sets?rule=field) of HH's train and test file with the paper's splits, and beside it
  the 2,000 rows on which preference models are compared with people. Files that end in .gz are decompressed.`;

const OPTIONS = {
  in: { type: 'string' },
  from: { type: 'string' },
  out: { type: 'string' },
  to: { type: 'string' },
  seed: { type: 'string', default: '1' },
  train: { type: 'string' },
  test: { type: 'string' },
  agreement: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>['values'];

function need(values: Values, name: 'in' | 'from' | 'out' | 'to' | 'train' | 'test' | 'agreement'): string {
  const value = values[name];
  if (value === undefined) throw new UsageError(`--${name} is missing\n\n${HELP}`);
  return value;
}

function oneOf<Form extends string>(forms: readonly Form[], name: string, value: string): Form {
  const found = forms.find((form) => form === value);
  if (found === undefined) throw new UsageError(`--${name} ${value} is none of ${forms.join(', ')}`);
  return found;
}

async function read(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [command] = positionals;
  if (values.help || command === undefined) {
    console.log(HELP);
  } else if (command === 'convert') {
    const from: InputForm = oneOf(INPUT_FORMS, 'from', need(values, 'from'));
    const to: OutputForm = oneOf(OUTPUT_FORMS, 'to', need(values, 'to'));
    const seed = Number(values.seed);
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new UsageError(`--seed ${values.seed} is no whole number`);
    const { text, pairs } = convertPairs(await read(need(values, 'in')), { from, to, seed });
    await writeFile(need(values, 'out'), text);
    console.log(`${pairs} pairs`);
  } else if (command === 'paper-splits') {
    const [train, test] = [await read(need(values, 'train')), await read(need(values, 'test'))];
    const { upload, agreement } = paperPromptSet(train, test);
    await writeFile(need(values, 'out'), upload);
    await writeFile(need(values, 'agreement'), agreement);
    console.log(
      `${upload.split('\n').length - 1} prompts, ${agreement.split('\n').length - 1} rows to compare with`,
    );
  } else {
    throw new UsageError(`there is no command ${command}\n\n${HELP}`);
  }
}

try {
  await run();
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
