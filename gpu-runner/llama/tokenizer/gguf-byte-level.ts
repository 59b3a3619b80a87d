/** A GGUF vocabulary of kind `gpt2` as a tokenizer.json: byte-level BPE with its own words and merges. */
import { preTokenizers } from './gguf-pre-tokenizers.ts';
import {
  addedTokens,
  CONVERT_CURE,
  type GgufVocabulary,
  postProcessor,
  type RefuseVocabulary,
  tokenIds,
  tokenizerConfig,
} from './gguf-vocabulary.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** @throws ModelFileError for a pre-tokeniser that is not known, and for merges that do not fit the tokens */
export function byteLevelTokenizer(vocabulary: GgufVocabulary, refuse: RefuseVocabulary): TokenizerJson {
  const name = vocabulary.pre ?? 'default';
  const words = preTokenizers.get(name);
  if (words === undefined) {
    const known = [...preTokenizers.keys()].join(', ');
    throw refuse(
      'tokenizer.ggml.pre',
      `is ${JSON.stringify(name.slice(0, 40))}; known are ${known}`,
      'Give the Hugging Face folder of the model, whose tokenizer.json says how it cuts words',
    );
  }
  const ids = tokenIds(vocabulary, refuse);
  const addsBos = vocabulary.addsBos ?? words.addsBos;
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(vocabulary),
      normalizer: words.composes ? { type: 'NFC' } : null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          ...words.splits.map((pattern) => ({
            type: 'Split',
            pattern: { Regex: pattern },
            behavior: 'Isolated',
            invert: false,
          })),
          {
            type: 'ByteLevel',
            add_prefix_space: vocabulary.addsSpacePrefix ?? false,
            trim_offsets: true,
            use_regex: false,
          },
        ],
      },
      post_processor: postProcessor(vocabulary, addsBos),
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: words.ignoresMerges,
        vocab: Object.fromEntries(ids),
        merges: mergesOf(vocabulary, ids, refuse),
      },
    },
    config: tokenizerConfig(vocabulary, addsBos),
  };
}

/** Each merge as its two parts: the file joins them by a space, which no token holds. */
function mergesOf(
  vocabulary: GgufVocabulary,
  ids: ReadonlyMap<string, number>,
  refuse: RefuseVocabulary,
): [string, string][] {
  if (vocabulary.merges === null) {
    throw refuse('tokenizer.ggml.merges', 'is missing', CONVERT_CURE);
  }
  return vocabulary.merges.map((merge, index) => {
    const space = merge.indexOf(' ', 1);
    const left = merge.slice(0, Math.max(0, space));
    const right = merge.slice(space + 1);
    if (space < 1 || !ids.has(left) || !ids.has(right) || !ids.has(left + right)) {
      throw refuse(`tokenizer.ggml.merges[${index}]`, 'is not two tokens that join to a third', CONVERT_CURE);
    }
    return [left, right];
  });
}
