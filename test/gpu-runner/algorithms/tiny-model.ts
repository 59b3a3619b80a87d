/** A made-up model that answers in milliseconds: random weights, and a tokenizer trained on the story openings. */
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunHooks, Sample } from '../../../gpu-runner/algorithms/run-hooks.ts';
import { type Architecture, LLAMA } from '../../../gpu-runner/llama/model/architecture.ts';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import { trainTokenizer } from '../../fixtures/train-tokenizer.ts';
import type { PromptRow } from '../../../gpu-runner/algorithms/prompt.ts';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';

export const tinyConfiguration: Architecture = {
  vocabularySize: 360,
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  heads: 2,
  keyValueHeads: 1,
  headSize: 16,
  maximumPositions: 192,
  ...LLAMA,
  rope: { ...LLAMA.rope, rotarySize: 16 },
  tiedEmbedding: true,
  bosToken: 1,
  eosTokens: [2],
  padToken: 0,
};

/** Sentences of the tone lines: all that the tiny tokenizer knows. */
const tinyTexts = toneLines.flatMap(({ kind, mean }) => [kind, mean]);

/** Opens the model in a folder that lasts until `close`. */
export async function openTinyModel(seed = 1): Promise<{ model: Model; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-tiny-'));
  const base = join(folder, 'base');
  await writeRandomBase(base, tinyConfiguration, 'int8', seed);
  const { tokenizer, config } = trainTokenizer(tinyTexts, {
    vocabularySize: tinyConfiguration.vocabularySize,
    minimumCharacterCount: 1,
  });
  writeFileSync(join(base, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(base, 'tokenizer_config.json'), JSON.stringify(config));
  const model = await openModel(base, { cacheDirectory: join(folder, 'cache') });
  return { model, close: () => rmSync(folder, { recursive: true }) };
}

/** All tokens but the end and a few words, among them the full stop: random weights then write short sentences. */
export function tinyBannedTokens({ tokenizer }: Model): number[] {
  return Array.from({ length: tokenizer.vocabularySize }, (_, token) => token).filter((token) => {
    const isByte = token < 259;
    return token !== 2 && (isByte || (token % 6 !== 0 && !tokenizer.decode([token]).includes('.')));
  });
}

/** The same for an experiment's `bannedTexts`: random weights write bytes that are no character, and few full stops. */
export const tinyBannedTexts: string[] = [
  '\u{fffd}',
  '\u{7f}',
  ...Array.from({ length: 32 }, (_, code) => String.fromCodePoint(code)),
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdfgijklmnopqrtuvwxyz'.split(''),
];

export function tinyPrompts(count: number): PromptRow[] {
  return Array.from({ length: count }, (_, row) => ({
    id: `p${row}`,
    text: tinyTexts[row % tinyTexts.length]?.split('. ')[0]?.concat('.') ?? '',
    row,
  }));
}

export interface Recorded {
  readonly hooks: RunHooks;
  readonly metrics: { readonly step: number; readonly values: Readonly<Record<string, number>> }[];
  readonly samples: {
    readonly step: number;
    readonly texts: readonly string[];
    readonly details: readonly Sample['detail'][];
  }[];
  /** Bytes by step. */
  readonly checkpoints: Map<number, Uint8Array>;
  readonly controller: AbortController;
}

/** Hooks that keep everything; `stopAfter` aborts the run once that checkpoint is safe, as a kill would. */
export function recordingHooks(stopAfter: number | null = null): Recorded {
  const controller = new AbortController();
  const recorded: Omit<Recorded, 'hooks'> = { metrics: [], samples: [], checkpoints: new Map(), controller };
  const hooks: RunHooks = {
    signal: controller.signal,
    progress: (done, total) => {
      if (done > total) throw new RangeError(`${done} of ${total} is done`);
    },
    metrics: (step, values) => recorded.metrics.push({ step, values }),
    samples: (step, samples) =>
      recorded.samples.push({
        step,
        texts: samples.map(({ response }) => response),
        details: samples.map(({ detail }) => detail),
      }),
    checkpoint: async (step, bytes) => {
      recorded.checkpoints.set(step, Uint8Array.from(bytes));
      if (step === stopAfter) controller.abort(new Error('killed'));
    },
  };
  return { ...recorded, hooks };
}

/** Metrics with every row, but without the figures of the machine, which no seed repeats. */
export function repeatable(metrics: Recorded['metrics']): unknown[] {
  return metrics.map(({ step, values }) => ({
    step,
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, name.startsWith('timing/') ? null : value]),
    ),
  }));
}
