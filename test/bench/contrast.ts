/** `npm run bench -- contrast`: where the affixes of a principle contrast a chat model's answers best. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { measureContrast } from '../../gpu-runner/algorithms/contrast/measure-contrast.ts';
import type { PromptRow } from '../../gpu-runner/algorithms/prompt.ts';
import { onDevice } from '../../gpu-runner/llama/backends/open-model.ts';
import { inForm } from '../../gpu-runner/tasks/in-form.ts';
import { openBaseModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { ownModel, seedOption } from '../../scripts/experiment/options.ts';
import { readPromptFile } from '../../scripts/read-prompt-file.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { positiveNumber, wholeNumber } from '../../shared/command-line/values.ts';
import { contrastMeasurement, type ContrastMeasurement } from '../../shared/principles/contrast.ts';
import { PLACEMENTS, type Placement } from '../../shared/principles/placement.ts';
import { PRINCIPLES, TASKS } from './contrast/candidates.ts';
import { together } from './contrast/summary.ts';

const CACHE = '.rlcd/bench';

interface Job {
  readonly task: string;
  readonly principle: string;
  readonly placement: Placement;
}

export const command = createCommand(
  'npm run bench -- contrast',
  'Where the affixes of a principle contrast a chat model best: four principles, prompts of two kinds, four placements. ' +
    'Samples one answer a side to every prompt and reads each behind both prompts. Prints JSON.',
)
  .addOption(ownModel().makeOptionMandatory())
  .option('--data <folder>', 'where the HH prompts lie', '../shared/data')
  .option('--count <n>', 'prompts of each kind', wholeNumber(1), 32)
  .option('--longest <n>', 'characters of the longest prompt that is taken', wholeNumber(1), 100)
  .option('--tokens <n>', 'the most new tokens of an answer', wholeNumber(1), 32)
  .option('--temperature <n>', 'of the answers', positiveNumber, 0.7)
  .addOption(seedOption())
  .option(
    '--keep <folder>',
    'finished contrasts are kept there and not measured again',
    '.rlcd/bench-contrast',
  )
  .option('--limit <n>', 'only the first contrasts', wholeNumber(1), 1000)
  .action(async (options) => {
    const { model: source, data, count, longest, tokens, temperature, seed, keep, limit } = options;
    mkdirSync(keep, { recursive: true });
    const model = await inForm(await onDevice(await openBaseModel(source, CACHE), 'cpu', CACHE), 'chat');
    const sampling = { temperature, topP: 1, maximumNewTokens: tokens, bannedTexts: [] };
    const settings = { weightsSha256: model.base.identity, count, longest, ...sampling, seed };
    const measure = async ({ task, principle, placement }: Job): Promise<ContrastMeasurement> => {
      const file = path.join(keep, `${task}, ${principle}, ${placement}.json`);
      const known = existsSync(file) ? keptAs(file, settings) : undefined;
      if (known !== undefined) return known;
      const contrast = {
        promptForm: 'chat' as const,
        placement,
        responseOpening: '',
        affixPairs: [...(PRINCIPLES[principle] ?? [])],
      };
      const prompts = await promptsOf(path.join(data, TASKS[task] ?? ''), count, longest);
      const hooks = { signal: new AbortController().signal, progress: () => undefined };
      const measured = await measureContrast(model, { contrast, sampling, prompts, seed }, hooks);
      writeFileSync(file, JSON.stringify({ settings, measured }));
      console.error(`${task}, ${principle}, ${placement}: ${JSON.stringify(measured.separation)}`);
      return measured;
    };
    const contrasts: (Job & { readonly measured: Omit<ContrastMeasurement, 'examples'> })[] = [];
    for (const job of jobs().slice(0, limit)) {
      const { examples: _, ...measured } = await measure(job);
      contrasts.push({ ...job, measured });
    }
    const summary = Object.fromEntries(
      PLACEMENTS.map((placement) => {
        const own = contrasts.filter((one) => one.placement === placement);
        return [placement, together(own.map(({ measured }) => measured))];
      }),
    );
    const processor = cpus()[0]?.model ?? 'unknown';
    console.log(JSON.stringify({ processor, ...settings, contrasts, summary }, null, 2));
  });

/** Every principle on one kind of task before any has both. */
function jobs(): Job[] {
  const tasks = Object.keys(TASKS);
  return tasks.flatMap((_, round) =>
    Object.keys(PRINCIPLES).flatMap((principle, index) => {
      const task = tasks[(index + round) % tasks.length] ?? '';
      return PLACEMENTS.map((placement) => ({ task, principle, placement }));
    }),
  );
}

/** What a file keeps, if it was measured by the same settings. */
function keptAs(file: string, settings: Readonly<Record<string, unknown>>): ContrastMeasurement | undefined {
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { settings: unknown; measured: unknown };
  if (JSON.stringify(kept.settings) !== JSON.stringify(settings)) return undefined;
  return contrastMeasurement.parse(kept.measured);
}

/** The first prompts of a file that are short enough, with their rows. */
async function promptsOf(file: string, count: number, longest: number): Promise<PromptRow[]> {
  const { rows } = await readPromptFile(file, file);
  return rows
    .filter(({ prompt: { text, turns } }) => turns === null && text.length <= longest)
    .slice(0, count)
    .map(({ prompt: { text } }, row) => ({ id: String(row + 1), text, row }));
}
