/**
 * A tokenizer.json at work: added tokens, normaliser, pre-tokeniser, model and decoder, each as tokenizers 0.23 has it. Merges
 * and the translation of expressions are those of @huggingface/tokenizers; where that library differs from the reference
 * (byte fallback of Unigram, ways to split, digits and white space beyond ASCII, single words, bytes that are no text), the
 * piece is our own, and a piece that neither has is refused by name.
 */
import { BPE } from '@huggingface/tokenizers';
import { z } from 'zod';
import { AddedTokenFinder, addedTokenSchema } from './added-tokens.ts';
import { decoderOf, decoderSchema } from './decoders.ts';
import { type Normalize, normalizerOf, normalizerSchema } from './normalizers.ts';
import { postProcessorSchema } from './post-processor.ts';
import { type PreTokenize, preTokenizerOf, preTokenizerSchema } from './pre-tokenizers.ts';
import { refusal } from './unknown-piece.ts';
import { Unigram, unigramSchema } from './unigram.ts';

/** No id of any tokenizer comes near; it keeps a damaged file from asking for absurd memory. */
const MAXIMUM_ID = 1 << 24;

const bpeSchema = z.looseObject({
  type: z.literal('BPE'),
  vocab: z.record(z.string(), z.int().min(0).max(MAXIMUM_ID)),
  merges: z.union([z.array(z.string()), z.array(z.tuple([z.string(), z.string()]))]),
  dropout: z.null().optional(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.literal('').nullish(),
  end_of_word_suffix: z.literal('').nullish(),
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
});

/** Older files do not say which model they hold: with merges it is BPE. */
function withType(model: unknown): unknown {
  if (typeof model !== 'object' || model === null || 'type' in model || !('merges' in model)) return model;
  return { ...model, type: 'BPE' };
}

export const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema.extend({ id: z.int().min(0).max(MAXIMUM_ID) })).default([]),
  normalizer: normalizerSchema,
  pre_tokenizer: preTokenizerSchema,
  post_processor: postProcessorSchema,
  decoder: decoderSchema,
  model: z.preprocess(withType, z.discriminatedUnion('type', [bpeSchema, unigramSchema], refusal)),
});

export type TokenizerDescription = z.infer<typeof tokenizerSchema>;

export class TokenizerPipeline {
  readonly #texts: ReadonlyMap<number, string>;
  /** What the decoder is given for an id: added tokens that are normalised in a text are so here, too. */
  readonly #spoken: ReadonlyMap<number, string>;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #raw: AddedTokenFinder;
  readonly #normalized: AddedTokenFinder;
  readonly #normalize: Normalize;
  readonly #preTokenize: PreTokenize;
  readonly #model: (words: string[]) => number[];
  readonly #decode: (tokens: readonly string[]) => string;
  /** Ids run from 0 to this, exclusive. */
  readonly size: number;

  /** @throws SyntaxError if a pattern cannot be said in JavaScript */
  constructor({ added_tokens: added, model, ...parts }: TokenizerDescription) {
    this.#normalize = normalizerOf(parts.normalizer);
    this.#preTokenize = preTokenizerOf(parts.pre_tokenizer);
    this.#decode = decoderOf(parts.decoder);
    const vocabulary =
      model.type === 'BPE'
        ? new Map(Object.entries(model.vocab))
        : new Map(model.vocab.map(([text], id) => [text, id]));
    this.#ids = new Map([...vocabulary, ...added.map(({ content, id }) => [content, id] as const)]);
    this.#texts = new Map([...this.#ids].map(([text, id]) => [id, text]));
    this.size = this.#texts.keys().reduce((size, id) => Math.max(size, id + 1), 0);
    const isNormalized = ({ normalized, special }: (typeof added)[number]): boolean => normalized ?? !special;
    const spoken = added
      .filter(isNormalized)
      .map(({ id, content }) => [id, this.#normalize(content)] as const);
    this.#spoken = new Map([...this.#texts, ...spoken]);
    this.#raw = new AddedTokenFinder(
      added.filter((token) => !isNormalized(token)),
      (text) => text,
    );
    this.#normalized = new AddedTokenFinder(added.filter(isNormalized), this.#normalize);
    this.#model = model.type === 'BPE' ? mergesOf(model, vocabulary) : unigramOf(new Unigram(model));
  }

  /** The id of a token's exact text. */
  idOf(text: string): number | undefined {
    return this.#ids.get(text);
  }

  textOf(id: number): string | undefined {
    return this.#texts.get(id);
  }

  /** @param plain special tokens' own texts inside `text` stay text */
  encode(text: string, plain: boolean): number[] {
    return this.#raw.split(text, true, plain).flatMap((section) => {
      if ('id' in section) return [section.id];
      const normalized = this.#normalize(section.text);
      return this.#normalized.split(normalized, section.first, plain).flatMap((part) => {
        return 'id' in part ? [part.id] : this.#model(this.#preTokenize(part.text, part.first));
      });
    });
  }

  decode(ids: readonly number[]): string {
    return this.#decode(ids.map((id) => this.#spoken.get(id)).filter((text) => text !== undefined));
  }
}

function unigramOf(model: Unigram): (words: string[]) => number[] {
  return (words) => words.flatMap((word) => model.encode(word));
}

function mergesOf(
  { vocab, merges, unk_token: unknown, fuse_unk, byte_fallback, ignore_merges }: z.infer<typeof bpeSchema>,
  ids: ReadonlyMap<string, number>,
): (words: string[]) => number[] {
  const options = { fuse_unk, byte_fallback, ignore_merges };
  const named = typeof unknown === 'string' ? { unk_token: unknown } : {};
  const model = new BPE({ type: 'BPE', vocab, merges, ...options, ...named });
  const unknownId = ids.get(unknown ?? '');
  return (words) =>
    words.flatMap((word) => {
      const found = model.encode([word]).flatMap((token) => ids.get(token) ?? []);
      // Neighbouring unknown characters of one word are one token.
      return fuse_unk ? found.filter((id, index) => id !== unknownId || found[index - 1] !== id) : found;
    });
}
