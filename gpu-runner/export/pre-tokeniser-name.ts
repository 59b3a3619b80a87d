/** llama.cpp knows by name how a byte-level tokenizer cuts a text into words before it merges. */
import { ExportError } from '../../shared/export/export-error.ts';
import { preTokenizers } from '../llama/tokenizer/gguf-pre-tokenizers.ts';

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

/** @throws ExportError for a way that llama.cpp has no name for, or that is not known here */
export function preTokeniserName({ pre_tokenizer: words, model }: Tokenizer): string {
  const steps = flatten(words as Step | null | undefined);
  const patterns = steps.flatMap(({ pattern }) =>
    typeof pattern?.Regex === 'string' ? [pattern.Regex] : [],
  );
  const digits = steps.some(({ type, individual_digits: single }) => type === 'Digits' && single === true);
  const own = steps.some(({ type, use_regex: regex }) => type === 'ByteLevel' && regex !== false);
  if (patterns.length === 0 && own) return digits ? 'smollm' : 'gpt-2';
  const found = digits || own ? undefined : nameOf(patterns, model.ignore_merges === true);
  if (found !== undefined) return found;
  throw new ExportError("llama.cpp's name for the tokenizer's way to cut words is not known here", {
    cure: 'Ask for merged and convert that folder with convert_hf_to_gguf.py of llama.cpp, which may know it',
  });
}

/** The first name under which files are read so; one that takes a word that is a token whole differs by that alone. */
function nameOf(patterns: readonly string[], ignoresMerges: boolean): string | undefined {
  for (const [name, known] of preTokenizers) {
    if (known.ignoresMerges === ignoresMerges && known.splits.join('\n') === patterns.join('\n')) return name;
  }
  return undefined;
}

function flatten(step: Step | null | undefined): Step[] {
  if (step === null || step === undefined) return [];
  return [step, ...(step.pretokenizers ?? []).flatMap(flatten)];
}
