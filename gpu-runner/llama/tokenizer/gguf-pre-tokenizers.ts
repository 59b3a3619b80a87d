/** How text is cut into words, by the name that a GGUF file gives it, as the model's own tokenizer.json has it. */

export interface PreTokenizer {
  /** Patterns that cut one after the other; what lies between matches is a word as well. */
  readonly splits: readonly string[];
  /** Whether a word that is a token becomes it, whatever the merges say. */
  readonly ignoresMerges: boolean;
  /** Whether a file that does not say so begins texts with its first token. */
  readonly addsBos: boolean;
  /** Whether text is composed (NFC) first. */
  readonly composes: boolean;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const LETTERS = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const REST = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const LLAMA3 = String.raw`${CONTRACTIONS}|${LETTERS}|\p{N}{1,3}|${REST}`;
const QWEN2 = String.raw`${CONTRACTIONS}|${LETTERS}|\p{N}|${REST}`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const CASED_REST = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const TEKKEN = String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+|[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*|\p{N}|${CASED_REST}`;
const GPT4O = String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+${CONTRACTIONS}?|[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*${CONTRACTIONS}?|\p{N}{1,3}|${CASED_REST}`;

function cut(splits: readonly string[], more: Partial<PreTokenizer> = {}): PreTokenizer {
  return { splits, ignoresMerges: false, addsBos: false, composes: false, ...more };
}

const gpt2 = cut([GPT2]);
const llama3 = cut([LLAMA3], { ignoresMerges: true, addsBos: true });
const cl100k = cut([LLAMA3]);
const digitsFirst = cut([String.raw`\p{N}`, GPT2]);
const gpt4o = cut([GPT4O]);

/** By the value of `tokenizer.ggml.pre`; of names that say the same, exports take the first. */
export const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map([
  ['default', cut([String.raw`[\p{P}\$\+<=>\^~\|]+`, GPT2, String.raw`\p{N}+`, '[0-9][0-9][0-9]'])],
  ['gpt-2', gpt2],
  ['phi-2', gpt2],
  ['olmo', gpt2],
  ['mpt', gpt2],
  ['exaone4', gpt2],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['falcon3', llama3],
  ['pixtral', llama3],
  ['dbrx', cl100k],
  ['smaug-bpe', cl100k],
  ['qwen2', cut([QWEN2], { composes: true })],
  ['deepseek-r1-qwen', cut([QWEN2])],
  ['megrez', cut([QWEN2])],
  ['stablelm2', cut([QWEN2])],
  ['smollm', digitsFirst],
  ['starcoder', digitsFirst],
  ['refact', digitsFirst],
  ['command-r', digitsFirst],
  ['codeshell', digitsFirst],
  ['minerva-7b', digitsFirst],
  ['tekken', cut([TEKKEN], { ignoresMerges: true, addsBos: true })],
  ['gpt-4o', gpt4o],
  ['llama4', gpt4o],
  [
    'deepseek-coder',
    cut(['[\r\n]', String.raw`\s?\p{L}+`, String.raw`\s?\p{P}+`, '[一-龥ࠀ-一가-퟿]+', String.raw`\p{N}`]),
  ],
]);
