/** The stages of a chain without HTTP, each run once for its content against a store in a folder. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { readUpload } from '../../../edge/domain/prompt-sets/read-upload.ts';
import { readSplitRule } from '../../../edge/domain/prompt-sets/split-rule.ts';
import { onDevice } from '../../../gpu-runner/llama/backends/open-model.ts';
import type { describeModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import { openBaseModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import { runTask } from '../../../gpu-runner/tasks/run-task.ts';
import type { TaskContext } from '../../../gpu-runner/tasks/task-context.ts';
import { readPrompts, SHARES } from '../../../scripts/experiment/prompts.ts';
import { canonicalJson } from '../../../shared/canonical-json.ts';
import type { TaskKind, TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';
import { kindStories } from '../../../shared/principles/kind-stories/kind-stories.ts';

export interface StageInput {
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
export class Store {
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
export function stageRunner(
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
    const key = hashOf(canonicalJson({ ...task, engineVersion: ENGINE_VERSION }));
    const kept = store.read(`stage-${key}.json`);
    if (kept !== null) return JSON.parse(new TextDecoder().decode(kept)) as StageOutcome<Kind>;
    const started = performance.now();
    const context = {
      task: { ...task, id: key },
      model: await onDevice(await openBaseModel(baseModel.source, cache), 'cpu', cache),
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

/** The prompts of each split as the edge would give them to a runner, kept in the store: their hash by split. */
export async function splitPrompts(store: Store, file: string | undefined) {
  const { bytes, options, rule } = await readPrompts(file);
  const splits = { train: '', dev: '', test: '' };
  const rows = readUpload(
    Readable.from([bytes]),
    readSplitRule(rule === 'hash' ? { rule, ...SHARES } : { rule }),
    { leftOut: 0, unpaired: 0, unusable: {} },
    options,
  );
  for await (const { position, split, text } of rows) {
    splits[split] += `${JSON.stringify({ id: String(position), prompt: text })}\n`;
  }
  const put = (text: string) => store.put(Buffer.from(text));
  return { train: put(splits.train), dev: put(splits.dev), test: put(splits.test) };
}

/** The outputs of shards under the names that the next stage reads. */
export function renamed(outputs: readonly StageInput[], name: string): StageInput[] {
  return outputs.map(({ sha256 }, shard) => ({ name: `${name}-${String(shard).padStart(4, '0')}`, sha256 }));
}
