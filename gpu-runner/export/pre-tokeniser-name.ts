/** llama.cpp knows by name how a byte-level tokenizer cuts a text into words before it merges. */
import { ExportError } from '../../shared/export/export-error.ts';

interface Tokenizer {
  readonly pre_tokenizer?: unknown;
  readonly model: { readonly ignore_merges?: boolean | null | undefined };
}

interface Step {
  readonly type?: unknown;
  readonly pretokenizers?: readonly Step[];
  readonly pattern?: { readonly Regex?: unknown };
  readonly individual_digits?: unknown;
  readonly use_regex?: unknown;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
const PUNCTUATION = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** By the pattern of words; llama-bpe takes a word that is a token whole, dbrx merges it like any other. */
const BY_PATTERN: ReadonlyMap<string, (ignoresMerges: boolean) => string> = new Map<
  string,
  (ignoresMerges: boolean) => string
>([
  [`${CONTRACTIONS}\\p{N}{1,3}${PUNCTUATION}`, (ignoresMerges) => (ignoresMerges ? 'llama-bpe' : 'dbrx')],
  [`${CONTRACTIONS}\\p{N}${PUNCTUATION}`, () => 'qwen2'],
]);

/** @throws ExportError for a way that llama.cpp has no name for, or that is not known here */
export function preTokeniserName({ pre_tokenizer: words, model }: Tokenizer): string {
  const steps = flatten(words as Step | null | undefined);
  const patterns = steps.flatMap(({ pattern }) =>
    typeof pattern?.Regex === 'string' ? [pattern.Regex] : [],
  );
  const digits = steps.some(({ type, individual_digits: single }) => type === 'Digits' && single === true);
  const own = steps.some(({ type, use_regex: regex }) => type === 'ByteLevel' && regex !== false);
  const [pattern] = patterns;
  if (pattern === undefined && own) return digits ? 'smollm' : 'gpt-2';
  const found = pattern === undefined ? undefined : BY_PATTERN.get(pattern);
  if (found !== undefined && patterns.length === 1 && !digits) return found(model.ignore_merges === true);
  throw new ExportError("llama.cpp's name for the tokenizer's way to cut words is not known here", {
    cure: 'Ask for merged and convert that folder with convert_hf_to_gguf.py of llama.cpp, which may know it',
  });
}

function flatten(step: Step | null | undefined): Step[] {
  if (step === null || step === undefined) return [];
  return [step, ...(step.pretokenizers ?? []).flatMap(flatten)];
}
