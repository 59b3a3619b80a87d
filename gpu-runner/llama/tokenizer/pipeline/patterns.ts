/** The patterns of a tokenizer.json: a text taken literally, or an Oniguruma expression in the words of JavaScript. */
import { SplitPreTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';

export const patternSchema = z.union([
  z.strictObject({ String: z.string().min(1) }),
  z.strictObject({ Regex: z.string() }),
]);

export type Pattern = z.infer<typeof patternSchema>;

/** An expression that matches exactly this text. */
export function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

/**
 * A global expression with the meaning of the pattern. The library translates it, so that classes such as `\s` and `\p{L}`
 * and its grouping mean what they mean to tokenizers.
 *
 * @throws SyntaxError if JavaScript has no such expression
 */
export function expressionOf(pattern: Pattern): RegExp {
  if ('String' in pattern) return new RegExp(escaped(pattern.String), 'gu');
  const { pattern: expression } = new SplitPreTokenizer({
    type: 'Split',
    pattern: { Regex: pattern.Regex },
    behavior: 'Isolated',
    invert: false,
  });
  if (expression === null) throw new SyntaxError(`${pattern.Regex} is no expression`);
  return expression;
}
