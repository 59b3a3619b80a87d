/** The tokenizer.json and tokenizer_config.json that this package writes: BPE with byte fallback, LLaMA's way. */

/** Ids of the special tokens in every tokenizer written here, as in LLaMA's own. */
const specialTokens = { unknown: 0, bos: 1, eos: 2 } as const;

/** A parsed tokenizer.json with its companion. */
export interface TokenizerJson {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The token that stands for one byte. */
export function bytePiece(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/**
 * @param ids every token's text and id; ids 0, 1 and 2 are unknown, begin and end
 * @param merges pairs in the order in which they apply
 * @param spaces what is put before a text, the character that stands for a space inside tokens, and a pattern of the
 *   words that no merge crosses (without one a text is one word)
 */
export function tokenizerJson(
  ids: ReadonlyMap<string, number>,
  merges: readonly (readonly [string, string])[],
  spaces: { readonly prefix: string; readonly space: string; readonly words?: string },
): TokenizerJson {
  const texts = new Map([...ids].map(([text, id]) => [id, text]));
  const special = Object.values(specialTokens).map((id) => texts.get(id) ?? '');
  const [unknown = '', bos = '', eos = ''] = special;
  const replaced = spaces.space !== ' ';
  const prepend = { type: 'Prepend', prepend: spaces.prefix };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: special.map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: replaced
        ? {
            type: 'Sequence',
            normalizers: [prepend, { type: 'Replace', pattern: { String: ' ' }, content: spaces.space }],
          }
        : prepend,
      pre_tokenizer:
        spaces.words === undefined
          ? null
          : { type: 'Split', pattern: { Regex: spaces.words }, behavior: 'Isolated', invert: false },
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [
          { SpecialToken: { id: bos, type_id: 0 } },
          { Sequence: { id: 'A', type_id: 0 } },
          { SpecialToken: { id: bos, type_id: 1 } },
          { Sequence: { id: 'B', type_id: 1 } },
        ],
        special_tokens: { [bos]: { id: bos, ids: [specialTokens.bos], tokens: [bos] } },
      },
      decoder: {
        type: 'Sequence',
        decoders: [
          ...(replaced ? [{ type: 'Replace', pattern: { String: spaces.space }, content: ' ' }] : []),
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          strip,
        ],
      },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: unknown,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: true,
        byte_fallback: true,
        ignore_merges: false,
        vocab: Object.fromEntries(ids),
        merges,
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_bos_token: true,
      add_eos_token: false,
      bos_token: bos,
      eos_token: eos,
      unk_token: unknown,
      pad_token: unknown,
      clean_up_tokenization_spaces: false,
      model_max_length: 1e30,
    },
  };
}
