/** The tokenizer of a made-up model of the BERT family: whole words, each one token. */

export const SPECIAL_WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'] as const;

/** The content of tokenizer.json. @param words in the order of their ids, {@link SPECIAL_WORDS} first */
export function bertTokenizer(words: readonly string[], postProcessor: object | null = null): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_WORDS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: postProcessor,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
    },
  };
}
