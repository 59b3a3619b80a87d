/** What a GGUF file says of its tokenizer, and the parts of a tokenizer.json that all kinds share. */
import type { ModelFileError } from '../../files/model-file-error.ts';

/** The metadata of a tokenizer; the fields are those of `tokenizer.ggml.*`, and null where the file has none. */
export interface GgufVocabulary {
  /** `gpt2`, `llama` ... */
  readonly model: string;
  /** How text is cut into words before merges apply; for `gpt2`. */
  readonly pre: string | null;
  readonly tokens: readonly string[];
  readonly scores: ArrayLike<number> | null;
  readonly tokenTypes: ArrayLike<number> | null;
  readonly merges: readonly string[] | null;
  readonly bosToken: number | null;
  readonly eosToken: number | null;
  readonly unknownToken: number | null;
  readonly padToken: number | null;
  readonly addsBos: boolean | null;
  readonly addsEos: boolean | null;
  readonly addsSpacePrefix: boolean | null;
}

/** Makes the error of a field of the file. */
export type RefuseVocabulary = (field: string, fault: string, cure: string) => ModelFileError;

/** Kinds of token, as llama.cpp numbers them. */
export const tokenTypes = { unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export const CONVERT_CURE =
  'Convert the model again with the current llama.cpp, or give its Hugging Face folder';

export function typeOf(vocabulary: GgufVocabulary, id: number): number | undefined {
  return vocabulary.tokenTypes?.[id];
}

/** Whether a token only fills up the matrix: converters name it so, and no text may become it. */
function isFiller(vocabulary: GgufVocabulary, id: number): boolean {
  return typeOf(vocabulary, id) === tokenTypes.unused && /^\[PAD\d+\]$/.test(vocabulary.tokens[id] ?? '');
}

/**
 * Text -> id of every token that text may become.
 *
 * @throws ModelFileError where two tokens have one text
 */
export function tokenIds(vocabulary: GgufVocabulary, refuse: RefuseVocabulary): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [id, text] of vocabulary.tokens.entries()) {
    if (isFiller(vocabulary, id)) continue;
    const other = ids.get(text);
    if (other !== undefined) {
      throw refuse(`tokenizer.ggml.tokens[${id}]`, `has the text of token ${other}`, CONVERT_CURE);
    }
    ids.set(text, id);
  }
  return ids;
}

/** Tokens that are found in a text before anything else: control tokens (special ones) and those that users defined. */
export function addedTokens(vocabulary: GgufVocabulary): Record<string, unknown>[] {
  return vocabulary.tokens.flatMap((content, id) => {
    const type = typeOf(vocabulary, id);
    const special = type === tokenTypes.control || type === tokenTypes.unknown;
    if ((!special && type !== tokenTypes.userDefined) || content === '') return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

/** What is put before and after a text that is encoded with its special tokens; null where nothing is. */
export function postProcessor(vocabulary: GgufVocabulary, addsBos: boolean): Record<string, unknown> | null {
  const bos = addsBos ? vocabulary.bosToken : null;
  const eos = vocabulary.addsEos === true ? vocabulary.eosToken : null;
  const ids = [bos, eos].filter((id) => id !== null);
  if (ids.length === 0) return null;
  const special = (id: number | null, sequence: number): unknown[] =>
    id === null ? [] : [{ SpecialToken: { id: textOf(vocabulary, id), type_id: sequence } }];
  const around = (name: 'A' | 'B', sequence: number): unknown[] => [
    ...special(bos, sequence),
    { Sequence: { id: name, type_id: sequence } },
    ...special(eos, sequence),
  ];
  return {
    type: 'TemplateProcessing',
    single: around('A', 0),
    pair: [...around('A', 0), ...around('B', 1)],
    special_tokens: Object.fromEntries(
      ids.map((id) => [
        textOf(vocabulary, id),
        { id: textOf(vocabulary, id), ids: [id], tokens: [textOf(vocabulary, id)] },
      ]),
    ),
  };
}

/** The tokenizer_config.json. */
export function tokenizerConfig(vocabulary: GgufVocabulary, addsBos: boolean): Record<string, unknown> {
  const { bosToken, eosToken, unknownToken, padToken } = vocabulary;
  const named = { bos_token: bosToken, eos_token: eosToken, unk_token: unknownToken, pad_token: padToken };
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: addsBos,
    add_eos_token: vocabulary.addsEos ?? false,
    ...Object.fromEntries(
      Object.entries(named).map(([name, id]) => [name, id === null ? null : textOf(vocabulary, id)]),
    ),
    clean_up_tokenization_spaces: false,
    model_max_length: 1e30,
  };
}

function textOf(vocabulary: GgufVocabulary, id: number): string {
  return vocabulary.tokens[id] ?? '';
}
