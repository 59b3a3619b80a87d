/** The tokenizer of a GGUF file in the form that @huggingface/transformers runs. */
import { byteLevelTokenizer } from './gguf-byte-level.ts';
import { sentencePieceTokenizer } from './gguf-sentencepiece.ts';
import type { GgufVocabulary, RefuseVocabulary } from './gguf-vocabulary.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** @throws ModelFileError naming the field that is not known or does not fit */
export function ggufTokenizer(vocabulary: GgufVocabulary, refuse: RefuseVocabulary): TokenizerJson {
  if (vocabulary.model === 'gpt2') return byteLevelTokenizer(vocabulary, refuse);
  if (vocabulary.model === 'llama') return sentencePieceTokenizer(vocabulary, refuse);
  throw refuse(
    'tokenizer.ggml.model',
    `is ${JSON.stringify(vocabulary.model.slice(0, 40))}; gpt2 (byte-level BPE) and llama (SentencePiece) are read`,
    'Give the Hugging Face folder of the model, with its tokenizer.json',
  );
}
