/** The vocabulary of a GGUF file's metadata, its ids and lengths checked. */
import type { GgufVocabulary } from '../../tokenizer/gguf-vocabulary.ts';
import type { GgufMetadata } from './metadata.ts';

/** @throws ModelFileError naming the field that is missing or does not fit */
export function readVocabulary(metadata: GgufMetadata): GgufVocabulary {
  const key = (name: string): string => `tokenizer.ggml.${name}`;
  const tokens = metadata.texts(key('tokens'));
  if (tokens === null) {
    throw metadata.refuse(key('tokens'), 'is missing', 'Use a file of a language model, with its tokenizer');
  }
  const perToken = (name: string): ArrayLike<number> | null => {
    const values = metadata.numbers(key(name));
    if (values !== null && values.length !== tokens.length) {
      throw metadata.refuse(key(name), `has ${values.length} entries for ${tokens.length} tokens`);
    }
    return values;
  };
  const token = (name: string): number | null => {
    const id = metadata.number(key(name));
    if (id !== null && !(Number.isInteger(id) && id >= 0 && id < tokens.length)) {
      throw metadata.refuse(key(name), `is ${id}, outside the ${tokens.length} tokens`);
    }
    return id;
  };
  return {
    model: metadata.requiredText(key('model')),
    pre: metadata.text(key('pre')),
    tokens,
    scores: perToken('scores'),
    tokenTypes: perToken('token_type'),
    merges: metadata.texts(key('merges')),
    bosToken: token('bos_token_id'),
    eosToken: token('eos_token_id'),
    unknownToken: token('unknown_token_id'),
    padToken: token('padding_token_id'),
    addsBos: metadata.boolean(key('add_bos_token')),
    addsEos: metadata.boolean(key('add_eos_token')),
    addsSpacePrefix: metadata.boolean(key('add_space_prefix')),
  };
}
