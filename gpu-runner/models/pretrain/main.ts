/** `npm run pretrain`: makes the bundled story model of a language model and some stories, with this project's own engine. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createCommand, runCommand } from '../../../shared/command-line/command.ts';
import { wholeNumber } from '../../../shared/command-line/values.ts';
import { storyOpenings } from '../../../shared/principles/kind-stories/story-openings.ts';
import { UserError } from '../../../shared/user-error.ts';
import { exists, hashFile } from '../../files/files.ts';
import { openCpuBackend } from '../../llama/backends/cpu/cpu-backend.ts';
import { openModel } from '../../llama/backends/open-model.ts';
import { adapterLayout } from '../../llama/model/lora-layout.ts';
import { TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../../llama/tokenizer/companions.ts';
import { writeTrainedBase } from '../../llama/trainer/trained-base.ts';
import { openBase } from '../../llama/weights/base-file.ts';
import type { Model } from '../../llama/weights/model.ts';
import { adaptTeacher, teacherLayout } from './adapt-teacher.ts';
import { batches } from './batches.ts';
import { architecture, HELD_OUT_STORIES } from './configuration.ts';
import { corpus } from './corpus.ts';
import { downloadStories } from './download-stories.ts';
import { storyFit } from './measure.ts';
import { pruneModel } from './prune-model.ts';
import { sameRun } from './run-record.ts';
import { stageLine } from './stage-line.ts';
import { sentences, splitStories } from './stories.ts';
import { teacherDistributions } from './teacher-distributions.ts';
import { sampleTeacherStories } from './teacher-text.ts';
import { train } from './train.ts';

interface PretrainOptions {
  readonly data: string;
  readonly teacher: string;
  readonly teacherEpochs: number;
  readonly teacherStories: number;
  readonly steps: number;
  readonly seed: number;
  readonly work: string;
  readonly out: string;
}

/** Longest first sentences of told stories that the teacher goes on from, in characters. */
const LONGEST_OPENING = 200;

export const command = createCommand(
  'npm run pretrain --',
  "Makes the bundled story model: a teacher is adapted to stories and tells more of them, and a small model learns what it says of every token. All by this project's own engine; a stopped run goes on.",
)
  .requiredOption('--teacher <model>', 'a language model with a byte-level BPE tokenizer (a path or hub id)')
  .option(
    '--data <file|hub>',
    'stories, each ended by a line <|endoftext|>; "hub" downloads TinyStories',
    'hub',
  )
  .option('--teacher-epochs <n>', 'how often the teacher reads the stories', wholeNumber(1), 1)
  .option('--teacher-stories <n>', 'how many stories it tells besides', wholeNumber(0), 0)
  .option('--steps <n>', 'updates of 20 documents', wholeNumber(1), 2400)
  .option('--seed <n>', 'equal seeds give equal models', wholeNumber(0), 1)
  .option('--work <folder>', 'what a stopped run goes on from', '.rlcd/pretrain')
  .option('--out <folder>', 'where the model goes, a folder that is not there yet', '.rlcd/pretrained')
  .action(pretrain);

if (import.meta.main) await runCommand(command);

async function pretrain(options: PretrainOptions): Promise<void> {
  const { work, out, seed, steps } = options;
  if (await exists(out)) throw new UserError(`${out} is there already`, { cure: 'Give another --out' });
  await mkdir(work, { recursive: true });
  const log: string[] = [];
  const say = (line: string): void => {
    log.push(line);
    process.stdout.write(`${line}\n`);
  };
  const data = options.data === 'hub' ? await downloadStories(work) : options.data;
  const all = splitStories(await readFile(data, 'utf8'));
  if (all.length <= HELD_OUT_STORIES) {
    throw new UserError(
      `${data} has ${all.length} stories that end with <|endoftext|>: give more than ${HELD_OUT_STORIES}`,
    );
  }
  const heldOut = all.slice(-HELD_OUT_STORIES);
  const told = all.slice(0, -HELD_OUT_STORIES);
  const { teacher: source, teacherEpochs, teacherStories } = options;
  await sameRun(work, {
    data: await hashFile(data),
    teacher: source,
    teacherEpochs,
    teacherStories,
    steps,
    seed,
  });
  const teacher = await prunedTeacher(options, told);
  const { tokenizer } = teacher;
  const maximumTime = architecture.maximumPositions;
  const layout = teacherLayout(teacher);
  const stories = told.map((text) => ({ text }));
  const adapter = await adaptTeacher({
    model: teacher,
    stories,
    epochs: teacherEpochs,
    seed,
    maximumTime,
    checkpoint: path.join(work, 'teacher.bin'),
    onStep: stageLine('teacher reads', say),
  });
  const fit = { kind: 'adapters', backend: teacher.backend, layout, groups: 1 } as const;
  const measured = await storyFit(fit, adapter, tokenizer, heldOut, maximumTime);
  say(`teacher on held-out stories: ${JSON.stringify(measured)}`);
  const taught = { teacher, layout, adapter, maximumTime, seed };
  const sampled = await sampleTeacherStories({
    ...taught,
    openings: openingsOf(told),
    stories: teacherStories,
    file: path.join(work, 'teacher.jsonl'),
    onProgress: stageLine('teacher tells', say),
  });
  const documents = corpus(stories, sampled, tokenizer, seed, maximumTime);
  const lengths = documents.map(({ sequence }) => sequence.tokens.length);
  say(
    `text: ${told.length} stories of ${path.basename(data)}, ${sampled.length} of the teacher; ${documents.length} documents, ${lengths.reduce((sum, length) => sum + length, 0)} tokens`,
  );
  const rows = await teacherDistributions({
    ...taught,
    documents: documents.map(({ sequence }) => sequence),
    file: path.join(work, 'distributions.bin'),
    onProgress: stageLine('teacher says', say),
  });
  const vector = await train({
    rows,
    batch: batches({ lengths, tones: documents.map(({ tone }) => tone), steps, seed }),
    steps,
    seed,
    checkpoint: path.join(work, 'state.bin'),
    onStep: stageLine('student learns', say),
  });
  await writeTrainedBase(out, architecture, 'int8', vector, `npm run pretrain, seed ${seed}, ${steps} steps`);
  for (const name of [TOKENIZER_FILE, TOKENIZER_CONFIG_FILE]) {
    const text = await readFile(path.join(work, 'pruned', name), 'utf8');
    await writeFile(path.join(out, name), JSON.stringify(JSON.parse(text)));
  }
  const full = await storyFit({ kind: 'full', architecture }, vector, tokenizer, heldOut, maximumTime);
  const frozen = {
    kind: 'adapters',
    backend: await openCpuBackend(await openBase(out)),
    layout: adapterLayout(architecture, 1, 1),
    groups: 1,
  } as const;
  const zeros = new Float32Array(frozen.layout.length);
  const eightBit = await storyFit(frozen, zeros, tokenizer, heldOut, maximumTime);
  say(`held-out stories, first ${maximumTime} tokens, fp32: ${JSON.stringify(full)}`);
  say(`held-out stories, first ${maximumTime} tokens, 8-bit: ${JSON.stringify(eightBit)}`);
  await writeFile(path.join(out, 'pretrain.log'), `${log.join('\n')}\n`);
}

/** The teacher with the words of the stories alone, from the work folder if it is there. */
async function prunedTeacher(
  { teacher: source, work }: PretrainOptions,
  told: readonly string[],
): Promise<Model> {
  const cacheDirectory = path.join(work, 'cache');
  const folder = path.join(work, 'pruned');
  const whole = await openModel(source, { cacheDirectory });
  await pruneModel(whole, told, architecture.vocabularySize, folder);
  whole.release();
  return await openModel(folder, { cacheDirectory });
}

/** This project's own openings that train, and how told stories begin. */
function openingsOf(told: readonly string[]): string[] {
  const begun = told.flatMap((story) => {
    const [first = '', second = ''] = sentences(story);
    return [first.trim(), (first + second).trim()];
  });
  return [
    ...storyOpenings()
      .filter(({ split }) => split === 'train')
      .map(({ text }) => text),
    ...begun.filter((opening) => opening.length <= LONGEST_OPENING),
  ];
}
