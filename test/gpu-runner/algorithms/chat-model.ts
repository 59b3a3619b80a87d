/** A made-up chat model: random weights, a token for every byte, ChatML with its two special tokens. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { byteCharacters, CHATML } from '../../fixtures/byte-tokenizer.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import { tinyConfiguration } from './tiny-model.ts';

export const START = 256;
export const END = 257;

/** Opens the model in a folder that lasts until `close`. */
export async function openChatModel(
  maximumPositions = tinyConfiguration.maximumPositions,
): Promise<{ model: Model; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-chat-'));
  const base = join(folder, 'base');
  await writeRandomBase(
    base,
    {
      ...tinyConfiguration,
      maximumPositions,
      vocabularySize: 258,
      bosToken: null,
      eosTokens: [END],
      padToken: END,
    },
    'int8',
    3,
  );
  const special = (content: string, id: number) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special('<|im_start|>', START), special('<|im_end|>', END)],
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: null,
    decoder: bytes,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(byteCharacters().map((character, id) => [character, id])),
      merges: [],
    },
  };
  writeFileSync(join(base, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(base, 'tokenizer_config.json'), JSON.stringify({ eos_token: '<|im_end|>' }));
  writeFileSync(join(base, 'chat_template.jinja'), CHATML);
  const model = await openModel(base, { cacheDirectory: join(folder, 'cache') });
  return { model, close: () => rmSync(folder, { recursive: true }) };
}

/** Token ids as they are, special ones by their names. */
export function written(ids: ArrayLike<number>): string {
  const parts = Array.from(ids, (id) =>
    id < START ? String.fromCodePoint(id) : id === START ? '<|im_start|>' : '<|im_end|>',
  );
  return parts.join('');
}
