/**
 * `npm run bench -- rlcd`: a whole RLCD alignment without HTTP, stage by stage through the runner's own tasks.
 *
 *   --model SOURCE     a llama2.c file, a folder, a hub id or `bundled` (default)
 *   --scale S          small (default) or full: the demo's settings of that name
 *   --set JSON         hyperparameters by stage that replace those of the scale
 *   --seed N           default 1
 *   --cache FOLDER     keeps every stage by its content: a run with other PPO settings starts at PPO, and a killed
 *                      one goes on from its last checkpoint (default .rlcd/bench)
 *   --json             one JSON document on standard output; progress goes to standard error
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeModel, openTaskModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { runTask } from '../../gpu-runner/tasks/run-task.ts';
import type { TaskContext } from '../../gpu-runner/tasks/task-context.ts';
import { HYPERPARAMETERS } from '../../scripts/demo/settings.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import {
  hyperparameterDefaults,
  hyperparameters,
  type TaskKind,
  type TaskResult,
} from '../../shared/api/tasks/kinds.ts';
import { kindStories } from '../../shared/principles/kind-stories/kind-stories.ts';

interface StageInput {
  readonly name: string;
  readonly sha256: string;
}

/** A stage's result and outputs, as they are kept. */
interface StageOutcome<Kind extends TaskKind> {
  readonly outputs: readonly StageInput[];
  readonly result: TaskResult<Kind>;
  readonly seconds: number;
}

const hashOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** Bytes by hash and stages by key, in a folder. */
class Store {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  read(name: string): Uint8Array | null {
    const file = join(this.#folder, name);
    return existsSync(file) ? readFileSync(file) : null;
  }

  write(name: string, bytes: Uint8Array | string): void {
    const file = join(this.#folder, name);
    writeFileSync(`${file}.partial`, bytes);
    renameSync(`${file}.partial`, file);
  }

  put(bytes: Uint8Array): string {
    const sha256 = hashOf(bytes);
    this.write(sha256, bytes);
    return sha256;
  }
}

const SHOWN = /^(?:preference\/(?:loss|accuracy)|objective\/(?:kl|scores)|policy\/(?:entropy|approxkl))/;

/** Runs tasks against a store, each once for its content. */
function stageRunner(
  store: Store,
  baseModel: Awaited<ReturnType<typeof describeModel>>,
  cache: string,
  seed: number,
) {
  const { form, responseOpening } = kindStories;
  const principle = {
    name: kindStories.name,
    version: 1,
    form,
    responseOpening,
    affixPairs: kindStories.affixPairs,
  };
  return async <Kind extends TaskKind>(
    kind: Kind,
    parameters: object,
    prompts: string | null,
    inputs: readonly StageInput[],
  ): Promise<StageOutcome<Kind>> => {
    const task = {
      kind,
      seed,
      parameters,
      principle,
      baseModel,
      inputs,
      prompts: prompts === null ? null : { sha256: prompts },
      shard: { index: 0, count: 1 },
    };
    const key = hashOf(canonicalJson(task));
    const kept = store.read(`stage-${key}.json`);
    if (kept !== null) return JSON.parse(new TextDecoder().decode(kept)) as StageOutcome<Kind>;
    const started = performance.now();
    const context = {
      task: { ...task, id: key },
      model: await openTaskModel(baseModel, cache),
      artifacts: {
        get: async (sha256: string) => store.read(sha256) ?? new Uint8Array(),
        put: async ({ bytes }: { bytes: Uint8Array }) => store.put(bytes),
      },
      hooks: {
        signal: new AbortController().signal,
        progress: (done: number, total: number, unit: string) => {
          if (done % 10 === 0 || done === total) console.error(`${kind}: ${done}/${total} ${unit}`);
        },
        metrics: (step: number, values: Readonly<Record<string, number>>) => {
          const shown = Object.entries(values).filter(([name]) => SHOWN.test(name));
          if (step % 5 === 0 && shown.length > 0) {
            console.error(
              `${kind} ${step}: ${shown.map(([name, value]) => `${name} ${value.toFixed(3)}`).join(', ')}`,
            );
          }
        },
        samples: () => {},
        checkpoint: async (_: number, bytes: Uint8Array) => store.write(`checkpoint-${key}`, bytes),
      },
      resume: store.read(`checkpoint-${key}`),
    } as unknown as TaskContext<Kind>;
    const { outputs, result } = await runTask(kind, context);
    const outcome = { outputs, result, seconds: (performance.now() - started) / 1000 };
    store.write(`stage-${key}.json`, JSON.stringify(outcome));
    return outcome;
  };
}

function splitPrompts(store: Store, wanted: string): string {
  const file = new URL('../../shared/principles/kind-stories/openings.jsonl', import.meta.url);
  const rows = readFileSync(file, 'utf8').trimEnd().split('\n');
  const lines = rows.flatMap((row) => {
    const { id, split, text } = JSON.parse(row) as { id: number; split: string; text: string };
    return split === wanted ? [`${JSON.stringify({ id: String(id), prompt: text })}\n`] : [];
  });
  return store.put(new TextEncoder().encode(lines.join('')));
}

/** Runs the chain and prints what it measured. */
export async function run(given: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      model: { type: 'string', default: 'bundled' },
      scale: { type: 'string', default: 'small' },
      set: { type: 'string', default: '{}' },
      seed: { type: 'string', default: '1' },
      cache: { type: 'string', default: '.rlcd/bench' },
      json: { type: 'boolean', default: false },
    },
  });
  const chosen = hyperparameters.parse(HYPERPARAMETERS[values.scale === 'full' ? 'full' : 'small']);
  const changed = hyperparameters.parse(JSON.parse(values.set));
  const { form: promptForm, responseOpening } = kindStories;
  const of = <Kind extends TaskKind>(kind: Kind) => ({
    ...hyperparameterDefaults[kind],
    ...chosen[kind],
    ...changed[kind],
    promptForm,
  });
  const text = { responseOpening };
  const store = new Store(join(values.cache, 'store'));
  const baseModel = await describeModel('base', values.model, values.cache);
  const stage = stageRunner(store, baseModel, values.cache, Number(values.seed));
  const prompts = (split: string) => splitPrompts(store, split);
  const renamed = (outputs: readonly StageInput[], name: string) =>
    outputs.map(({ sha256 }, shard) => ({ name: `${name}-${String(shard).padStart(4, '0')}`, sha256 }));

  const simulated = await stage(
    'simulate',
    { ...of('simulate'), ...text, sides: 'contrast' },
    prompts('train'),
    [],
  );
  const pairs = renamed(simulated.outputs, 'pairs');
  const preference = await stage('train-preference-model', of('train-preference-model'), null, pairs);
  const ppo = await stage('ppo', { ...of('ppo'), ...text }, prompts('train'), preference.outputs);
  const { penaltyWithoutStop } = of('ppo');
  const selectParameters = { ...of('select'), ...text, penaltyWithoutStop };
  const select = await stage('select', selectParameters, prompts('dev'), [
    ...preference.outputs,
    ...ppo.outputs,
  ]);
  const generateParameters = { ...of('generate'), ...text };
  const base = await stage('generate', generateParameters, prompts('test'), []);
  const aligned = await stage('generate', generateParameters, prompts('test'), select.outputs);
  const sides = [...renamed(aligned.outputs, 'completions'), ...renamed(base.outputs, 'base-completions')];
  const judge = await stage('judge', of('judge'), null, sides);
  // Every cell against the base, so that a recipe is seen whole; the method itself chooses by its own reward alone.
  const cells = [];
  for (const { name, sha256 } of ppo.outputs) {
    const completions = await stage('generate', generateParameters, prompts('test'), [
      { name: 'adapter', sha256 },
    ]);
    const compared = [
      ...renamed(completions.outputs, 'completions'),
      ...renamed(base.outputs, 'base-completions'),
    ];
    const { judgements } = (await stage('judge', of('judge'), null, compared)).result;
    cells.push({
      name,
      winRate: judgements[0]?.winRate,
      interval: judgements[0]?.interval,
      ratios: judgements[0]?.ratios,
    });
  }
  const document = {
    model: baseModel,
    scale: values.scale,
    seed: Number(values.seed),
    set: changed,
    seconds: {
      simulate: simulated.seconds,
      preference: preference.seconds,
      ppo: ppo.seconds,
      select: select.seconds,
    },
    preferenceModel: preference.result.heldOut,
    ppo: ppo.result.cells,
    select: select.result,
    judge: judge.result.judgements,
    cells,
  };
  console.log(JSON.stringify(document, null, values.json ? 2 : 0));
}
