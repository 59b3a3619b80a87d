/** A tokenizer.json as the metadata with which llama.cpp makes the same ids of a text. */
import path from 'node:path';
import { z } from 'zod';
import { ExportError } from '../../shared/export/export-error.ts';
import type { GgufMetadata } from '../../shared/export/gguf/container.ts';
import { checkedBy, readJsonFile } from '../files/files.ts';
import { TOKENIZER_FILE } from '../llama/tokenizer/companions.ts';
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { preTokeniserName } from './pre-tokeniser-name.ts';

const MAXIMUM_BYTES = 128 * 1024 * 1024;
const CURE = 'Ask for merged or peft, which keep the tokenizer as it is';

/** llama.cpp's kinds of tokens. */
const KINDS = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

const id = z.int().min(0);
const schema = z.looseObject({
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  decoder: z.unknown(),
  model: z.looseObject({
    type: z.string().optional(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    unk_token: z.string().nullish(),
    vocab: z.union([z.record(z.string(), id), z.array(z.unknown())]),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).default([]),
  }),
  added_tokens: z.array(z.looseObject({ id, content: z.string(), special: z.boolean().default(false) })),
});
type TokenizerJson = z.output<typeof schema>;

/**
 * The tokenizer.ggml metadata of a base's tokenizer.
 *
 * @param vocabularySize rows of the embedding; ids that the tokenizer lacks are unused ones
 * @throws ExportError for a tokenizer that llama.cpp has no form for
 */
export async function ggufTokenizer(
  folder: string,
  tokenizer: Tokenizer,
  vocabularySize: number,
): Promise<GgufMetadata> {
  const file = path.join(folder, TOKENIZER_FILE);
  const json = checkedBy(schema, await readJsonFile(file, MAXIMUM_BYTES, CURE), file, CURE);
  const { model } = json;
  if (model.type === 'Unigram' || Array.isArray(model.vocab)) {
    throw new ExportError('llama.cpp has no form for a Unigram tokenizer with byte fallback', { cure: CURE });
  }
  const table = tokenTable(json, model.vocab, vocabularySize);
  const own = model.byte_fallback === true ? sentencePiece(json, table) : byteLevel(json, table);
  const { bosToken, eosTokens, padToken, startsWithBos } = tokenizer;
  const [eos, turnEnd] = eosTokens;
  const unknown = model.unk_token == null ? undefined : model.vocab[model.unk_token];
  const ids = [
    ['bos', bosToken],
    ['eos', eos],
    ['eot', turnEnd],
    ['padding', padToken],
    ['unknown', unknown],
  ] as const;
  return [
    ...own,
    ['tokenizer.ggml.token_type', { type: 'int32s', value: table.kinds }],
    ...ids.flatMap(([name, value]) =>
      value === undefined || value === null
        ? []
        : [[`tokenizer.ggml.${name}_token_id`, { type: 'uint32', value }] as const],
    ),
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: startsWithBos }],
    ['tokenizer.ggml.add_eos_token', { type: 'bool', value: false }],
  ];
}

interface TokenTable {
  readonly texts: string[];
  readonly kinds: number[];
}

function tokenTable(
  { model, added_tokens: added }: TokenizerJson,
  vocab: Readonly<Record<string, number>>,
  size: number,
): TokenTable {
  const texts = Array.from({ length: size }, (_, index) => `[PAD${index}]`);
  const kinds = texts.map((): number => KINDS.unused);
  for (const [text, index] of Object.entries(vocab)) {
    texts[index] = text;
    kinds[index] = model.byte_fallback === true && /^<0x[0-9A-F]{2}>$/.test(text) ? KINDS.byte : KINDS.normal;
  }
  for (const { id: index, content, special } of added) {
    texts[index] = content;
    kinds[index] = special ? KINDS.control : KINDS.userDefined;
  }
  const unknown = model.unk_token == null ? undefined : vocab[model.unk_token];
  if (unknown !== undefined && model.byte_fallback === true) kinds[unknown] = KINDS.unknown;
  return { texts, kinds };
}

const mergePair = (merge: string | readonly [string, string]): readonly [string, string] => {
  if (typeof merge !== 'string') return merge;
  const space = merge.indexOf(' ', 1);
  return [merge.slice(0, space), merge.slice(space + 1)];
};

/** Byte-level BPE, which llama.cpp calls gpt2: merges, and the name of how texts are cut into words. */
function byteLevel(json: TokenizerJson, { texts }: TokenTable): GgufMetadata {
  const merges = json.model.merges.map((merge) => mergePair(merge).join(' '));
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: preTokeniserName(json) }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: texts }],
    ['tokenizer.ggml.merges', { type: 'strings', value: merges }],
  ];
}

const SPACE = '\u2581';

/**
 * BPE with byte fallback, which llama.cpp calls llama: it joins the neighbours whose joined text has the highest score.
 * A text's rank among the merges is its score, which says the same where every way to make a text is a merge.
 */
function sentencePiece(json: TokenizerJson, { texts }: TokenTable): GgufMetadata {
  const merges = json.model.merges.map(mergePair);
  requireEveryMerge(json, merges);
  const ranks = new Map<string, number>();
  for (const [rank, [left, right]] of merges.entries()) {
    if (!ranks.has(left + right)) ranks.set(left + right, rank);
  }
  const scores = texts.map((text) => -(ranks.get(text) ?? merges.length));
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.pre', { type: 'string', value: 'default' }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: texts.map((text) => text.replaceAll(' ', SPACE)) }],
    ['tokenizer.ggml.scores', { type: 'float32s', value: scores }],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: hasSpacePrefix(json) }],
  ];
}

/** @throws ExportError where llama.cpp would join two tokens that this tokenizer does not */
function requireEveryMerge(json: TokenizerJson, merges: readonly (readonly [string, string])[]): void {
  const known = new Set(merges.map(([left, right]) => `${left}\n${right}`));
  const vocab = new Set(Object.keys(json.model.vocab));
  for (const joined of new Set(merges.map((pair) => pair.join('')))) {
    const characters = Array.from(joined);
    for (let cut = 1; cut < characters.length; cut++) {
      const left = characters.slice(0, cut).join('');
      const right = characters.slice(cut).join('');
      if (!vocab.has(left) || !vocab.has(right) || known.has(`${left}\n${right}`)) continue;
      throw new ExportError(
        `the tokenizer does not join ${JSON.stringify(left)} and ${JSON.stringify(right)}, llama.cpp would`,
        { cure: CURE },
      );
    }
  }
}

/** Whether a text begins with a space of the tokenizer's own. */
function hasSpacePrefix({ normalizer, pre_tokenizer: words }: TokenizerJson): boolean {
  const text = JSON.stringify([normalizer ?? null, words ?? null]);
  return text.includes('"Prepend"') || /"prepend_scheme":"(always|first)"|"add_prefix_space":true/.test(text);
}
