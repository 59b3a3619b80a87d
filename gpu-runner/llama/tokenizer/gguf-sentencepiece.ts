/** A GGUF vocabulary of kind `llama` as a tokenizer.json: SentencePiece BPE, whose merges its scores imply. */
import {
  addedTokens,
  CONVERT_CURE,
  type GgufVocabulary,
  postProcessor,
  type RefuseVocabulary,
  tokenIds,
  tokenizerConfig,
  tokenTypes,
  typeOf,
} from './gguf-vocabulary.ts';
import { mergesByScore } from './merges-by-score.ts';
import { bytePiece, type TokenizerJson } from './tokenizer-json.ts';

const SPACE = '▁';
const BYTES = 256;

/** @throws ModelFileError for a vocabulary without scores or bytes */
export function sentencePieceTokenizer(vocabulary: GgufVocabulary, refuse: RefuseVocabulary): TokenizerJson {
  const { scores } = vocabulary;
  if (scores === null) throw refuse('tokenizer.ggml.scores', 'is missing', CONVERT_CURE);
  const ids = tokenIds(vocabulary, refuse);
  for (let byte = 0; byte < BYTES; byte++) {
    if (!ids.has(bytePiece(byte))) {
      throw refuse('tokenizer.ggml.tokens', `has no ${bytePiece(byte)} for a byte`, CONVERT_CURE);
    }
  }
  const merged = [...ids]
    .filter(([, id]) => isMerged(vocabulary, id))
    .map(([text, id]) => ({ text, id, score: scores[id] ?? 0 }));
  const addsBos = vocabulary.addsBos ?? true;
  const prefixes = vocabulary.addsSpacePrefix ?? true;
  const toSpaces = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(vocabulary),
      normalizer: prefixes
        ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: SPACE }, toSpaces] }
        : toSpaces,
      pre_tokenizer: null,
      post_processor: postProcessor(vocabulary, addsBos),
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          ...(prefixes ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
        ],
      },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token:
          vocabulary.unknownToken === null ? null : (vocabulary.tokens[vocabulary.unknownToken] ?? null),
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: true,
        byte_fallback: true,
        ignore_merges: false,
        vocab: Object.fromEntries(ids),
        merges: mergesByScore(merged, new Set(merged.map(({ text }) => text))),
      },
    },
    config: tokenizerConfig(vocabulary, addsBos),
  };
}

/** Whether text becomes the token by merging: bytes, control tokens and users' own ones it becomes otherwise. */
function isMerged(vocabulary: GgufVocabulary, id: number): boolean {
  const type = typeOf(vocabulary, id);
  return !(
    type === tokenTypes.byte ||
    type === tokenTypes.control ||
    type === tokenTypes.unknown ||
    type === tokenTypes.userDefined
  );
}
