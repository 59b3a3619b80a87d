/** `npm run pretrain`: trains the bundled story model from scratch with this project's own engine. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createCommand, runCommand } from '../../../shared/command-line/command.ts';
import { wholeNumber } from '../../../shared/command-line/values.ts';
import { storyOpenings } from '../../../shared/principles/kind-stories/story-openings.ts';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { openModel } from '../../llama/backends/open-model.ts';
import { trainTokenizer } from '../../llama/tokenizer/train-tokenizer.ts';
import { openCpuBackend } from '../../llama/backends/cpu/cpu-backend.ts';
import { openBase } from '../../llama/weights/base-file.ts';
import { adapterLayout } from '../../llama/model/lora-layout.ts';
import { writeTrainedBase } from '../../llama/trainer/trained-base.ts';
import { TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../../llama/tokenizer/companions.ts';
import { loadTokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { architecture, HELD_OUT_STORIES } from './configuration.ts';
import type { Story } from './documents.ts';
import { downloadStories } from './download-stories.ts';
import { storyFit } from './measure.ts';
import { sentences, splitStories } from './stories.ts';
import { readTeacherStories, sampleTeacherStories } from './teacher-text.ts';
import { train } from './train.ts';

interface PretrainOptions {
  readonly data: string;
  readonly teacher?: string | undefined;
  readonly teacherStories: number;
  readonly steps: number;
  readonly seed: number;
  readonly work: string;
  readonly out: string;
}

export const command = createCommand(
  'npm run pretrain --',
  "Trains the bundled story model from scratch with this project's own engine, and writes it as an 8-bit base folder.",
)
  .option(
    '--data <file|hub>',
    'stories, each ended by a line <|endoftext|>; "hub" downloads TinyStories',
    'hub',
  )
  .option('--teacher <model>', 'a larger story model whose samples widen the text (a path or hub id)')
  .option('--teacher-stories <n>', 'how many stories it tells', wholeNumber(0), 12_160)
  .option('--steps <n>', 'updates of 24 documents', wholeNumber(0), 4500)
  .option('--seed <n>', 'equal seeds give equal models', wholeNumber(0), 1)
  .option(
    '--work <folder>',
    "checkpoint, teacher's text, downloads; a stopped run goes on from it",
    '.rlcd/pretrain',
  )
  .option('--out <folder>', 'where the model goes', 'gpu-runner/models/stories')
  .action(pretrain);

if (import.meta.main) await runCommand(command);

async function pretrain(options: PretrainOptions): Promise<void> {
  const { work, out, seed, steps } = options;
  await mkdir(work, { recursive: true });
  const log: string[] = [];
  const say = (line: string): void => {
    log.push(line);
    process.stdout.write(`${line}\n`);
  };
  const data = options.data === 'hub' ? await downloadStories(work) : options.data;
  const all = splitStories(await readFile(data, 'utf8'));
  if (all.length <= HELD_OUT_STORIES) {
    throw new RangeError(
      `${data} has ${all.length} stories that end with <|endoftext|>: give more than ${HELD_OUT_STORIES}`,
    );
  }
  const heldOut = all.slice(-HELD_OUT_STORIES);
  const told = all.slice(0, -HELD_OUT_STORIES);
  const stories: Story[] = [...told.map((text) => ({ text })), ...(await teacherStories(told, options, say))];
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
  { work, teacher: source, teacherStories: stories, seed }: PretrainOptions,
  say: (line: string) => void,
): Promise<Story[]> {
  const file = path.join(work, 'teacher.jsonl');
  if (source === undefined) return await readTeacherStories(file);
  const teacher = await openModel(source, { cacheDirectory: path.join(work, 'cache') });
  const openings = [
    ...storyOpenings()
      .filter(({ split }) => split === 'train')
      .map(({ text }) => text),
    ...told.map((story) => sentences(story).slice(0, 2).join('').trim()),
  ];
  return await sampleTeacherStories({
    teacher,
    openings,
    stories,
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
