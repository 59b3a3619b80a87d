/** Text to token ids and back for one model: its tokenizer.json at work, and what it has in common with its weights. */
import { z } from 'zod';
import type { Architecture } from '../model/architecture.ts';
import { messageOf } from '../../../shared/caught.ts';
import { checkedBy, parseJsonObject } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { doubtsOf, strangeVocabulary } from './belongs-to-model.ts';
import { type Companions, readCompanions, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from './companions.ts';
import { firstToken } from './pipeline/post-processor.ts';
import { type TokenizerDescription, TokenizerPipeline, tokenizerSchema } from './pipeline/pipeline.ts';

const cure = "Put the model's own tokenizer.json and tokenizer_config.json into its folder";

const namedToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish();

const configSchema = z.looseObject({
  bos_token: namedToken,
  eos_token: namedToken,
  pad_token: namedToken,
  unk_token: namedToken,
});

/** One model's tokenizer, as algorithms use it. */
export type Tokenizer = Pick<FileTokenizer, keyof FileTokenizer>;

/** The tokenizer of a tokenizer.json. */
class FileTokenizer {
  /** Ids that it can give run from 0 to this, exclusive; the model's vocabulary may be larger by rows that no text uses. */
  readonly vocabularySize: number;
  readonly bosToken: number | null;
  /** Ids that end a text; a sampled one of them ends its row. */
  readonly eosTokens: readonly number[];
  readonly padToken: number;
  /** Whether the model was trained on texts that start with {@link bosToken}. */
  readonly startsWithBos: boolean;
  readonly #pipeline: TokenizerPipeline;
  readonly #silent: ReadonlySet<number>;
  /** Rows of the model's embedding. */
  readonly #rows: number;

  /** Use {@link loadTokenizer} or {@link tokenizerOf}. */
  constructor(
    pipeline: TokenizerPipeline,
    { added_tokens: added, post_processor: post }: TokenizerDescription,
    config: z.infer<typeof configSchema>,
    architecture: Architecture,
  ) {
    const { bosToken, eosTokens, padToken, vocabularySize } = architecture;
    const named = (text: string | null | undefined): number | undefined => pipeline.idOf(text ?? '');
    const ownEos = named(config.eos_token);
    this.#pipeline = pipeline;
    this.#rows = vocabularySize;
    this.vocabularySize = Math.min(pipeline.size, vocabularySize);
    this.bosToken = bosToken ?? named(config.bos_token) ?? null;
    this.eosTokens = eosTokens.length === 0 && ownEos !== undefined ? [ownEos] : eosTokens;
    this.padToken = padToken;
    this.startsWithBos = this.bosToken !== null && firstToken(post) === this.bosToken;
    const names = [config.bos_token, config.eos_token, config.pad_token, config.unk_token].map(named);
    this.#silent = new Set([
      ...added.filter(({ special }) => special).map(({ id }) => id),
      ...names.filter((token) => token !== undefined),
      ...(this.bosToken === null ? [] : [this.bosToken]),
      ...this.eosTokens,
    ]);
  }

  /**
   * Token ids of a text. A special token's own text inside `text` becomes that token, as everywhere in Hugging Face.
   *
   * @param options `bos`: whether the ids start with {@link bosToken}
   * @throws ModelFileError if the text has a token that the model has no row for
   */
  encode(text: string, options: { readonly bos: boolean } = { bos: false }): Int32Array {
    if (!options.bos) return this.#ids(this.#pipeline.encode(text, false));
    if (this.bosToken === null) throw new RangeError('this model has no token that begins a text');
    return this.#ids([this.bosToken, ...this.#pipeline.encode(text, false)]);
  }

  /** Token ids of a prompt, begun as the model's texts begin; otherwise as {@link encodePlain}. */
  encodePrompt(text: string): Int32Array {
    const begin = this.startsWithBos && this.bosToken !== null ? [this.bosToken] : [];
    return Int32Array.of(...begin, ...this.encodePlain(text));
  }

  /** Token ids of a text that goes on after others, as {@link encodePlain}. */
  encodeContinuation(text: string): Int32Array {
    return this.encodePlain(text);
  }

  /**
   * Token ids of a text in which the texts of special tokens stay text: what a user wrote can then make none of them.
   *
   * @throws as {@link encode}
   */
  encodePlain(text: string): Int32Array {
    return this.#ids(this.#pipeline.encode(text, true));
  }

  #ids(ids: readonly number[]): Int32Array {
    const beyond = ids.find((token) => token >= this.#rows);
    if (beyond === undefined) return Int32Array.from(ids);
    throw new ModelFileError(
      TOKENIZER_FILE,
      JSON.stringify(this.#pipeline.textOf(beyond)),
      `is token ${beyond}, and the model has a vocabulary of ${this.#rows}`,
      'Leave it out of the text, or use a checkpoint whose embedding was resized for its added tokens',
    );
  }

  /** Text of token ids from its beginning: special tokens are silent, the tokenizer's dummy first space is dropped. */
  decode(ids: ArrayLike<number>): string {
    const spoken = Array.from(ids).filter((token) => !this.#silent.has(token));
    return spoken.length === 0 ? '' : this.#pipeline.decode(spoken);
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

/** Loads the tokenizer of a base folder without any network. @throws ModelFileError */
export async function loadTokenizer(folder: string, architecture: Architecture): Promise<Tokenizer> {
  return tokenizerOf(await readCompanions(folder), architecture);
}

/**
 * The tokenizer among a model's files.
 *
 * A vocabulary of the model that is larger (rows that round the matrix up) or smaller (tokens added without resizing the
 * embedding) is no fault, as in transformers: only a text that uses a token without a row is refused.
 *
 * @throws ModelFileError if a file is damaged or names a piece that is not known
 */
export function tokenizerOf(companions: Companions, architecture: Architecture): Tokenizer {
  const { description, file } = descriptionOf(companions);
  const config = jsonOf(companions, TOKENIZER_CONFIG_FILE);
  checkIds(description, file);
  const strange = strangeVocabulary(description, architecture);
  if (strange !== null) throw new ModelFileError(file, strange.field, strange.fault, cure);
  try {
    return new FileTokenizer(
      new TokenizerPipeline(description),
      description,
      checkedBy(configSchema, config.json, config.file, cure),
      architecture,
    );
  } catch (error) {
    if (error instanceof ModelFileError) throw error;
    const reason = messageOf(error).slice(0, 200);
    throw new ModelFileError(file, null, `cannot be used as a tokenizer (${reason})`, cure, { cause: error });
  }
}

/**
 * What makes it unlikely that a folder's tokenizer is the model's own; empty where nothing does. A model may be padded, and
 * its ends may be anything, so that it is for a person to judge.
 *
 * @throws ModelFileError as {@link loadTokenizer}
 */
export async function tokenizerDoubts(
  folder: string,
  architecture: Architecture,
): Promise<readonly string[]> {
  return doubtsOf(descriptionOf(await readCompanions(folder)).description, architecture);
}

function descriptionOf(companions: Companions): { description: TokenizerDescription; file: string } {
  const { json, file } = jsonOf(companions, TOKENIZER_FILE);
  return { description: checkedBy(tokenizerSchema, json, file, cure), file };
}

function jsonOf(companions: Companions, name: string): { json: Record<string, unknown>; file: string } {
  const companion = companions.get(name);
  if (companion === undefined) throw new ModelFileError(name, null, 'is missing', cure);
  return { json: parseJsonObject(companion.bytes, companion.file, null, cure), file: companion.file };
}

function checkIds({ model }: TokenizerDescription, file: string): void {
  if (model.type !== 'BPE') return;
  const ids = Object.values(model.vocab);
  if (new Set(ids).size < ids.length) {
    throw new ModelFileError(file, 'model.vocab', 'gives one id to two tokens', cure);
  }
}
