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

const PUNCTUATED = String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` + '`' + String.raw`{|}~][A-Za-z]+`;
/** Cased letters as deepseek-llm's tokenizer.json lists them, which is fewer than Unicode has today. */
const CASED = [
  'A-Za-z\u{b5}\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{1ba}\u{1bc}-\u{1bf}\u{1c4}-\u{293}\u{295}-\u{2af}',
  '\u{370}-\u{373}\u{376}\u{377}\u{37b}-\u{37d}\u{37f}\u{386}\u{388}-\u{38a}\u{38c}\u{38e}-\u{3a1}',
  '\u{3a3}-\u{3f5}\u{3f7}-\u{481}\u{48a}-\u{52f}\u{531}-\u{556}\u{10a0}-\u{10c5}\u{13a0}-\u{13f5}',
  '\u{13f8}-\u{13fd}\u{1c90}-\u{1cba}\u{1cbd}-\u{1cbf}\u{1d00}-\u{1d2b}\u{1d6b}-\u{1d77}\u{1d79}-\u{1d9a}',
  '\u{1e00}-\u{1f15}\u{1f18}-\u{1f1d}\u{1f20}-\u{1f45}\u{1f48}-\u{1f4d}\u{1f50}-\u{1f57}\u{1f59}\u{1f5b}',
  '\u{1f5d}\u{1f5f}-\u{1f7d}\u{1f80}-\u{1fb4}\u{1fb6}-\u{1fbc}\u{1fbe}\u{1fc2}-\u{1fc4}\u{1fc6}-\u{1fcc}',
  '\u{1fd0}-\u{1fd3}\u{1fd6}-\u{1fdb}\u{1fe0}-\u{1fec}\u{1ff2}-\u{1ff4}\u{1ff6}-\u{1ffc}\u{2102}\u{2107}',
  '\u{210a}-\u{2113}\u{2115}\u{2119}-\u{211d}\u{2124}\u{2126}\u{2128}\u{212a}-\u{212d}\u{212f}-\u{2134}\u{2139}',
  '\u{213c}-\u{213f}\u{2145}-\u{2149}\u{214e}\u{2183}\u{2184}\u{2c00}-\u{2c7b}\u{2c7e}-\u{2ce4}',
  '\u{2ceb}-\u{2cee}\u{2cf2}\u{2cf3}\u{a640}-\u{a66d}\u{a680}-\u{a69b}\u{a722}-\u{a76f}\u{a771}-\u{a787}',
  '\u{a78b}-\u{a78e}\u{ab70}-\u{abbf}\u{fb00}-\u{fb06}\u{fb13}-\u{fb17}\u{ff21}-\u{ff3a}\u{ff41}-\u{ff5a}',
  '\u{10400}-\u{1044f}\u{104b0}-\u{104d3}\u{104d8}-\u{104fb}\u{10c80}-\u{10cb2}\u{10cc0}-\u{10cf2}',
  '\u{118a0}-\u{118df}\u{1e900}-\u{1e943}',
].join('');
const ASIAN = '[\u{4e00}-\u{9fa5}\u{800}-\u{4e00}\u{ac00}-\u{d7ff}]+';
const WORDS = String.raw` ?[^(\s|.,!?…。，、।۔،)]+`;

function cut(splits: readonly string[], more: Partial<PreTokenizer> = {}): PreTokenizer {
  return { splits, ignoresMerges: false, addsBos: false, composes: false, ...more };
}

const deepseek3 = cut([
  String.raw`\p{N}{1,3}`,
  '[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+',
  String.raw`${PUNCTUATED}|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
]);

/** Names that mean the same. */
const KINDS: readonly (readonly [names: readonly string[], kind: PreTokenizer])[] = [
  [['default'], cut([String.raw`[\p{P}\$\+<=>\^~\|]+`, GPT2, String.raw`\p{N}+`, '[0-9][0-9][0-9]'])],
  [
    [
      'gpt-2',
      'phi-2',
      'olmo',
      'mpt',
      'exaone4',
      'jais',
      'trillion',
      'granite-docling',
      'gigachat',
      'mellum',
      'a.x-4.0',
    ],
    cut([GPT2]),
  ],
  [['jina-es', 'jina-de', 'jina-v2-es', 'jina-v2-de'], cut([GPT2])],
  [
    ['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'],
    cut([LLAMA3], { ignoresMerges: true, addsBos: true }),
  ],
  [['dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'], cut([LLAMA3])],
  [['qwen2'], cut([QWEN2], { composes: true })],
  [['deepseek-r1-qwen', 'kormo', 'megrez', 'stablelm2', 'hunyuan', 'grok-2'], cut([QWEN2])],
  [
    ['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'minerva-7b', 'exaone'],
    cut([String.raw`\p{N}`, GPT2]),
  ],
  [['tekken'], cut([TEKKEN], { ignoresMerges: true, addsBos: true })],
  [['gpt-4o', 'llama4', 'minimax-m2'], cut([GPT4O])],
  [
    ['deepseek-llm'],
    cut([
      '[\r\n]',
      String.raw`\s?[${CASED}]+`,
      '\\s?[!-/:-~\u{ff01}-\u{ff0f}\u{ff1a}-\u{ff5e}\u{2018}-\u{201f}\u{3000}-\u{3002}]+',
      String.raw`\s+$`,
      ASIAN,
      String.raw`\p{N}+`,
    ]),
  ],
  [
    ['deepseek-coder'],
    cut(['[\r\n]', String.raw`\s?\p{L}+`, String.raw`\s?\p{P}+`, ASIAN, String.raw`\p{N}`]),
  ],
  [['deepseek-v3', 'hunyuan-dense'], deepseek3],
  [['falcon'], cut([String.raw`[\p{P}\$\+<=>\^~\|` + '`]+', GPT2, '[0-9][0-9][0-9]'])],
  [['poro-chat', 'bloom', 'gpt3-finnish'], cut([WORDS])],
  [['viking'], cut([WORDS, String.raw`\p{N}`])],
  [
    ['bailingmoe', 'bailingmoe2'],
    cut([
      String.raw`'(?i:[sdmt]|ll|ve|re)|${LETTERS}|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
    ]),
  ],
  [
    ['seed-coder'],
    cut([String.raw`${CONTRACTIONS}|${LETTERS}|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`]),
  ],
  [['superbpe'], cut([String.raw`\p{N}+`, String.raw`(?=(\d{3})+(?!\d))`])],
];

/** By the value of `tokenizer.ggml.pre`; of names that say the same, exports take the first. */
export const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map(
  KINDS.flatMap(([names, kind]) => names.map((name) => [name, kind] as const)),
);
