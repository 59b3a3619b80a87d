/** What is used of @huggingface/tokenizers: its own declarations name files without endings, which NodeNext does not follow. */
declare module '@huggingface/tokenizers' {
  interface MergesConfiguration {
    readonly type: 'BPE';
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly string[] | readonly (readonly [string, string])[];
    readonly unk_token?: string;
    readonly fuse_unk: boolean;
    readonly byte_fallback: boolean;
    readonly ignore_merges: boolean;
  }

  export class BPE {
    constructor(configuration: MergesConfiguration);
    /** Tokens of words, by merges or byte fallback. */
    encode(words: readonly string[]): string[];
  }

  export class SplitPreTokenizer {
    /** null if the pattern is none. */
    readonly pattern: RegExp | null;
    constructor(configuration: {
      readonly type: 'Split';
      readonly pattern: { readonly Regex: string };
      readonly behavior: string;
      readonly invert: boolean;
    });
  }
}
