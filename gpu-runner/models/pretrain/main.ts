/** `npm run pretrain`: trains the bundled story model from scratch with this project's own engine. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { explainOptionError, isOptionError } from '../../../shared/option-error.ts';
import { storyOpenings } from '../../../shared/principles/kind-stories/story-openings.ts';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { openModel } from '../../llama/backends/open-model.ts';
import { trainTokenizer } from '../../llama/tokenizer/train-tokenizer.ts';
import { openCpuBackend } from '../../llama/backends/cpu/cpu-backend.ts';
import { openBase } from '../../llama/weights/base-file.ts';
import { adapterLayout } from '../../llama/model/lora-layout.ts';
import { writeTrainedBase } from '../../llama/trainer/trained-base.ts';
import { loadTokenizer, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../../llama/tokenizer/tokenizer.ts';
import { architecture, HELD_OUT_STORIES } from './configuration.ts';
import type { Story } from './documents.ts';
import { downloadStories } from './download-stories.ts';
import { storyFit } from './measure.ts';
import { sentences, splitStories } from './stories.ts';
import { readTeacherStories, sampleTeacherStories } from './teacher-text.ts';
import { train } from './train.ts';

const HELP = `Trains the bundled story model from scratch and writes it as an 8-bit base folder.

  npm run pretrain -- [options]

  --data FILE|hub       stories, each ended by a line <|endoftext|>; "hub" downloads TinyStories (default: hub)
  --teacher MODEL       a larger story model whose samples widen the text (a path or hub id; default: none)
  --teacher-stories N   how many stories it tells (default: 12160)
  --steps N             updates of 24 documents (default: 4500)
  --seed N              default: 1
  --work FOLDER         checkpoint, teacher's text, downloads; a stopped run goes on from it (default: .rlcd/pretrain)
  --out FOLDER          where the model goes (default: gpu-runner/models/stories)
`;

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`--${name} is "${text}": give a whole number`);
  return value;
}

const OPTIONS = {
  data: { type: 'string', default: 'hub' },
  teacher: { type: 'string' },
  'teacher-stories': { type: 'string', default: '12160' },
  steps: { type: 'string', default: '4500' },
  seed: { type: 'string', default: '1' },
  work: { type: 'string', default: '.rlcd/pretrain' },
  out: { type: 'string', default: 'gpu-runner/models/stories' },
  help: { type: 'boolean', default: false },
} as const;

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    if (!isOptionError(error)) throw error;
    console.error(explainOptionError(error));
    return process.exit(1);
  }
}

const values = readOptions();

if (values.help) {
  process.stdout.write(HELP);
} else {
  await pretrain();
}

async function pretrain(): Promise<void> {
  const { work, out } = values;
  const seed = wholeNumber('seed', values.seed);
  const steps = wholeNumber('steps', values.steps);
  await mkdir(work, { recursive: true });
  const log: string[] = [];
  const say = (line: string): void => {
    log.push(line);
    process.stdout.write(`${line}\n`);
  };
  const data = values.data === 'hub' ? await downloadStories(work) : values.data;
  const all = splitStories(await readFile(data, 'utf8'));
  if (all.length <= HELD_OUT_STORIES) {
    throw new RangeError(
      `${data} has ${all.length} stories that end with <|endoftext|>: give more than ${HELD_OUT_STORIES}`,
    );
  }
  const heldOut = all.slice(-HELD_OUT_STORIES);
  const told = all.slice(0, -HELD_OUT_STORIES);
  const stories: Story[] = [...told.map((text) => ({ text })), ...(await teacherStories(told, seed, say))];
  const characters = stories.reduce((sum, { text }) => sum + text.length, 0);
  say(
    `text: ${told.length} stories of ${path.basename(data)}, ${stories.length - told.length} of a teacher, ${characters} characters`,
  );
  const tokenizerFolder = path.join(work, 'tokenizer');
  await mkdir(tokenizerFolder, { recursive: true });
  const tokenizerText = [
    ...stories.map(({ text }) => text),
    ...toneLines.flatMap(({ kind, mean }) => [kind, mean]),
  ];
  await writeTokenizer(tokenizerFolder, tokenizerText);
  const tokenizer = await loadTokenizer(tokenizerFolder, architecture);
  const vector = await train({
    stories,
    tokenizer,
    steps,
    seed,
    checkpoint: path.join(work, 'state.bin'),
    onStep: (step, nats, speed) => {
      if (step % 25 === 0 || step === steps)
        say(`step ${step}/${steps}: ${nats.toFixed(4)} nats per token, ${speed.toFixed(0)} tokens/s`);
    },
  });
  await rm(out, { recursive: true, force: true });
  const origin = `trained from scratch by npm run pretrain, seed ${seed}, ${steps} steps`;
  await writeTrainedBase(out, architecture, 'int8', vector, origin);
  await writeTokenizer(out, tokenizerText);
  const limit = architecture.maximumPositions;
  const full = await storyFit({ kind: 'full', architecture }, vector, tokenizer, heldOut, limit);
  const layout = adapterLayout(architecture, 1, 1);
  const backend = await openCpuBackend(await openBase(out));
  const frozen = { kind: 'adapters', backend, layout, groups: 1 } as const;
  const eightBit = await storyFit(frozen, new Float32Array(layout.length), tokenizer, heldOut, limit);
  say(`held-out stories, first ${limit} tokens, fp32: ${JSON.stringify(full)}`);
  say(`held-out stories, first ${limit} tokens, 8-bit: ${JSON.stringify(eightBit)}`);
  await writeFile(path.join(out, 'pretrain.log'), `${log.join('\n')}\n`);
}

async function teacherStories(
  told: readonly string[],
  seed: number,
  say: (line: string) => void,
): Promise<Story[]> {
  const file = path.join(values.work, 'teacher.jsonl');
  if (values.teacher === undefined) return await readTeacherStories(file);
  const teacher = await openModel(values.teacher, { cacheDirectory: path.join(values.work, 'cache') });
  const openings = [
    ...storyOpenings()
      .filter(({ split }) => split === 'train')
      .map(({ text }) => text),
    ...told.map((story) => sentences(story).slice(0, 2).join('').trim()),
  ];
  return await sampleTeacherStories({
    teacher,
    openings,
    stories: wholeNumber('teacher-stories', values['teacher-stories']),
    seed,
    file,
    onProgress: (done, total) => say(`teacher: ${done} of ${total} stories`),
  });
}

async function writeTokenizer(folder: string, texts: readonly string[]): Promise<void> {
  const { tokenizer, config } = trainTokenizer(texts, { vocabularySize: architecture.vocabularySize });
  await writeFile(path.join(folder, TOKENIZER_FILE), JSON.stringify(tokenizer));
  await writeFile(path.join(folder, TOKENIZER_CONFIG_FILE), JSON.stringify(config));
}
