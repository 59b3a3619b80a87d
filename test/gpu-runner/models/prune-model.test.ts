/** A model with fewer words says of those that stay what the whole one says. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import { LLAMA } from '../../../gpu-runner/llama/model/architecture.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../gpu-runner/llama/trainer/forward-pass.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { specialNames } from '../../../gpu-runner/models/pretrain/configuration.ts';
import { pruneModel } from '../../../gpu-runner/models/pretrain/prune-model.ts';
import { byteCharacters } from '../../fixtures/byte-tokenizer.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import { smallShape } from '../llama/trainer/fixtures.ts';

const merges = ['t h', 'th e', 'c a', 'ca t', '\u0120 the', '\u0120 cat', 'd o', 'do g', '\u0120 dog'];
const texts = ['the cat the cat', 'the cat'];
/** Bytes, special tokens and what "the", "cat", " the" and " cat" are merged from. */
const SIZE = 256 + 3 + 6;

let folder: string;
let whole: Model;
let pruned: Model;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rlcd-prune-'));
  const vocabulary = [
    '<|extra|>',
    ...Object.values(specialNames),
    ...byteCharacters(),
    ...merges.map((merge) => merge.replace(' ', '')),
  ];
  const architecture = smallShape({
    vocabularySize: vocabulary.length,
    tiedEmbedding: true,
    rope: { ...LLAMA.rope, rotarySize: 8 },
    bosToken: 1,
    eosTokens: [3],
    padToken: 2,
  });
  const source = path.join(folder, 'whole');
  await writeRandomBase(source, architecture, 'int8', 5);
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    version: '1.0',
    added_tokens: vocabulary.slice(0, 4).map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: null,
    decoder: bytes,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(vocabulary.map((text, id) => [text, id])),
      merges,
    },
  };
  await writeFile(path.join(source, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(
    path.join(source, 'tokenizer_config.json'),
    JSON.stringify({ bos_token: specialNames.bos, eos_token: specialNames.end }),
  );
  const cacheDirectory = path.join(folder, 'cache');
  whole = await openModel(source, { cacheDirectory });
  await pruneModel(whole, texts, SIZE, path.join(folder, 'pruned'));
  pruned = await openModel(path.join(folder, 'pruned'), { cacheDirectory });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function nextLogits(
  { backend, architecture }: Model,
  tokens: readonly number[],
): Promise<Float32Array> {
  const layout = adapterLayout(architecture, 1, 1);
  const pass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend, layout, groups: 1 },
    scoring: 'logits',
    maximumTime: 32,
    microbatchRows: 1,
    session: { threads: 1 },
  });
  try {
    const [[logits] = []] = await pass.nextLogits(new Float32Array(layout.length), [[tokens]]);
    return logits ?? new Float32Array();
  } finally {
    await pass.close();
  }
}

describe('a model with fewer words', () => {
  it('has the words of the text, its ends, and reads other words by their bytes', () => {
    expect(pruned.architecture.vocabularySize).toBe(SIZE);
    const said = (model: Model, text: string): number => model.tokenizer.encode(text).length;
    expect(said(pruned, 'the cat the cat')).toBe(said(whole, 'the cat the cat'));
    expect(said(pruned, ' dog')).toBe(4);
    expect(said(whole, ' dog')).toBe(1);
    expect(pruned.tokenizer.decode(pruned.tokenizer.encode('the dog'))).toBe('the dog');
    expect(pruned.tokenizer.bosToken).toBe(0);
    expect(pruned.tokenizer.eosTokens).toEqual([2]);
  });

  it('says of every word that is left what the whole one says', async () => {
    const text = 'the cat the';
    const [few, all] = [
      await nextLogits(pruned, Array.from(pruned.tokenizer.encode(text, { bos: true }))),
      await nextLogits(whole, Array.from(whole.tokenizer.encode(text, { bos: true }))),
    ];
    const words = [' the', ' cat', 'the', 'cat', 'th', 't', 'h', 'e', 'c', 'a', ' ', 'z', '!'];
    const of = (model: Model, logits: Float32Array): number[] =>
      words.map((word) => logits[model.tokenizer.encode(word)[0] ?? -1] ?? Number.NaN);
    const [short, long] = [of(pruned, few), of(whole, all)];
    const spread = Math.max(...long) - Math.min(...long);
    // Weights are rounded to bf16 and to 8 bits once more on the way.
    short.forEach((logit, index) => {
      expect(Math.abs(logit - (long[index] ?? Number.NaN))).toBeLessThan(0.1 * spread);
    });
  });
});
