/** Text to token ids and back for one model: a tokenizer.json run by @huggingface/transformers, checked against it. */
import path from 'node:path';
import { PreTrainedTokenizer } from '@huggingface/transformers';
import { z } from 'zod';
import type { Architecture } from '../model/architecture.ts';
import { checkedBy, readJsonFile } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';

export const TOKENIZER_FILE = 'tokenizer.json';
export const TOKENIZER_CONFIG_FILE = 'tokenizer_config.json';

const MAXIMUM_BYTES = 128 * 1024 * 1024;

/** Share of a model's vocabulary that may lie beyond its tokenizer: rows that only round the matrix up. */
const PADDED_SHARE = 0.01;

const cure = "Put the model's own tokenizer.json and tokenizer_config.json into its folder";

const id = z.int().min(0);
const tokenizerSchema = z.looseObject({
  model: z.looseObject({
    type: z.enum(['BPE', 'Unigram']).optional(),
    vocab: z.union([z.record(z.string(), id), z.array(z.tuple([z.string(), z.number()]))]),
  }),
  added_tokens: z.array(z.looseObject({ id, content: z.string() })),
});

/** One model's tokenizer. */
export class Tokenizer {
  /** Ids run from 0 to this, exclusive; the model's vocabulary may be a little larger. */
  readonly vocabularySize: number;
  readonly bosToken: number | null;
  /** Ids that end a text; a sampled one of them ends its row. */
  readonly eosTokens: readonly number[];
  readonly padToken: number;
  /** Whether the model was trained on texts that start with {@link bosToken}. */
  readonly startsWithBos: boolean;
  readonly #tokenizer: PreTrainedTokenizer;
  readonly #silent: ReadonlySet<number>;

  /** Use {@link loadTokenizer}. */
  constructor(tokenizer: PreTrainedTokenizer, vocabularySize: number, architecture: Architecture) {
    const { bosToken, eosTokens, padToken } = architecture;
    const ownBos: unknown = tokenizer.bos_token_id;
    const ownEos: unknown = tokenizer.eos_token_id;
    this.#tokenizer = tokenizer;
    this.vocabularySize = vocabularySize;
    this.bosToken = bosToken ?? (typeof ownBos === 'number' ? ownBos : null);
    this.eosTokens = eosTokens.length === 0 && typeof ownEos === 'number' ? [ownEos] : eosTokens;
    this.padToken = padToken;
    this.startsWithBos = this.bosToken !== null && tokenizer.encode('a')[0] === this.bosToken;
    const specials: unknown[] = tokenizer.all_special_ids;
    this.#silent = new Set([
      ...specials.filter((special) => typeof special === 'number'),
      ...(this.bosToken === null ? [] : [this.bosToken]),
      ...this.eosTokens,
    ]);
  }

  /**
   * Token ids of a text. A special token's own text inside `text` becomes that token, as everywhere in Hugging Face.
   *
   * @param options `bos`: whether the ids start with {@link bosToken}
   */
  encode(text: string, options: { readonly bos: boolean } = { bos: false }): Int32Array {
    const ids = this.#tokenizer.encode(text, { add_special_tokens: false });
    if (!options.bos) return Int32Array.from(ids);
    if (this.bosToken === null) throw new RangeError('this model has no token that begins a text');
    return Int32Array.from([this.bosToken, ...ids]);
  }

  /** Text of token ids from its beginning: special tokens are silent, the tokenizer's dummy first space is dropped. */
  decode(ids: ArrayLike<number>): string {
    const spoken = Array.from(ids).filter((token) => token < this.vocabularySize && !this.#silent.has(token));
    if (spoken.length === 0) return '';
    return this.#tokenizer.decode(spoken, {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: false,
    });
  }

  /** Text that `ids` add after `preceding`; keeps the space between the two, which {@link decode} alone would drop. */
  decodeAfter(preceding: ArrayLike<number>, ids: ArrayLike<number>): string {
    const before = this.decode(preceding);
    const all = this.decode([...Array.from(preceding), ...Array.from(ids)]);
    // A character whose bytes lie on both sides is whole only in `all`; it belongs to what follows.
    let common = 0;
    while (common < before.length && before[common] === all[common]) common += 1;
    return all.slice(common);
  }
}

/**
 * Loads the tokenizer of a folder (tokenizer.json, and tokenizer_config.json if there is one) without any network.
 *
 * @param architecture of the model that it must fit
 * @throws ModelFileError if a file is absent or damaged, or if it is the tokenizer of another model
 */
export async function loadTokenizer(folder: string, architecture: Architecture): Promise<Tokenizer> {
  const file = path.join(folder, TOKENIZER_FILE);
  const json = await readJsonFile(file, MAXIMUM_BYTES, cure);
  const config = await readJsonFile(path.join(folder, TOKENIZER_CONFIG_FILE), MAXIMUM_BYTES, cure);
  const vocabularySize = checkVocabulary(json, architecture.vocabularySize, file);
  try {
    return new Tokenizer(new PreTrainedTokenizer(json, config), vocabularySize, architecture);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'unknown';
    throw new ModelFileError(file, null, `cannot be used as a tokenizer (${reason})`, cure, { cause: error });
  }
}

/** Checks every id before anything is sized by it; returns the number of ids. */
function checkVocabulary(json: Record<string, unknown>, modelVocabulary: number, file: string): number {
  const { model, added_tokens: added } = checkedBy(tokenizerSchema, json, file, cure);
  const ids = Array.isArray(model.vocab) ? model.vocab.map((_, index) => index) : Object.values(model.vocab);
  const used = new Set(ids);
  if (used.size !== ids.length)
    throw new ModelFileError(file, 'model.vocab', 'gives one id to two tokens', cure);
  for (const token of added) used.add(token.id);
  let size = 0;
  for (const token of used) size = Math.max(size, token + 1);
  if (size > modelVocabulary) {
    const fault = `has ids up to ${size - 1}, the model has a vocabulary of ${modelVocabulary}`;
    throw new ModelFileError(file, 'model.vocab', fault, cure);
  }
  if (modelVocabulary - used.size > modelVocabulary * PADDED_SHARE) {
    const fault = `has ${used.size} tokens, the model has a vocabulary of ${modelVocabulary}`;
    throw new ModelFileError(file, 'model.vocab', fault, cure);
  }
  return size;
}
