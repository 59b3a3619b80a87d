/** How a tokenizer.json splits a text into words that no merge crosses: its `pre_tokenizer`, piece by piece. */
import { z } from 'zod';
import { bytesAsCharacters } from './byte-characters.ts';
import { expressionOf, patternSchema } from './patterns.ts';
import { refusal } from './unknown-piece.ts';

const behaviorSchema = z.enum(['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']);

const pieceSchema = z.discriminatedUnion(
  'type',
  [
    z.looseObject({
      type: z.literal('ByteLevel'),
      add_prefix_space: z.boolean().default(true),
      use_regex: z.boolean().default(true),
    }),
    z.looseObject({
      type: z.literal('Metaspace'),
      replacement: z.string().min(1),
      prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
      split: z.boolean().default(true),
    }),
    z.looseObject({
      type: z.literal('Split'),
      pattern: patternSchema,
      behavior: behaviorSchema,
      invert: z.boolean().default(false),
    }),
    z.looseObject({ type: z.literal('Digits'), individual_digits: z.boolean().default(false) }),
    z.looseObject({ type: z.literal('Punctuation'), behavior: behaviorSchema.default('Isolated') }),
    z.looseObject({ type: z.literal('Whitespace') }),
    z.looseObject({ type: z.literal('WhitespaceSplit') }),
  ],
  refusal,
);

export const preTokenizerSchema = z
  .discriminatedUnion(
    'type',
    [
      ...pieceSchema.options,
      z.looseObject({ type: z.literal('Sequence'), pretokenizers: z.array(pieceSchema).max(64) }),
    ],
    refusal,
  )
  .nullish();

type Behavior = z.infer<typeof behaviorSchema>;

/** @param first whether the text is the beginning of the whole */
export type PreTokenize = (text: string, first: boolean) => string[];

/** GPT-2's own, which ByteLevel has built in. */
const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** @throws SyntaxError if a pattern cannot be said in JavaScript */
export function preTokenizerOf(config: z.infer<typeof preTokenizerSchema>): PreTokenize {
  if (config === null || config === undefined) return (text) => [text];
  const pieces = (config.type === 'Sequence' ? config.pretokenizers : [config]).map(pieceOf);
  return (text, first) =>
    pieces.reduce<string[]>(
      (words, piece) => words.flatMap((word, index) => piece(word, first && index === 0)),
      [text],
    );
}

function pieceOf(config: z.infer<typeof pieceSchema>): PreTokenize {
  switch (config.type) {
    case 'ByteLevel': {
      const split = config.use_regex ? splitter(expressionOf({ Regex: GPT2 }), 'Isolated') : null;
      return (text) => {
        const prefixed = config.add_prefix_space && !text.startsWith(' ') ? ` ${text}` : text;
        return (split?.(prefixed) ?? [prefixed]).map(bytesAsCharacters);
      };
    }
    case 'Metaspace': {
      const { replacement, prepend_scheme: scheme } = config;
      const split = config.split ? splitter(expressionOf({ String: replacement }), 'MergedWithNext') : null;
      return (text, first) => {
        const replaced = text.replaceAll(' ', () => replacement);
        const begins = scheme === 'always' || (scheme === 'first' && first);
        const whole = begins && !replaced.startsWith(replacement) ? replacement + replaced : replaced;
        return split?.(whole) ?? [whole];
      };
    }
    case 'Split':
      return splitter(expressionOf(config.pattern), config.behavior, config.invert);
    case 'Digits':
      return splitter(/\p{N}/gu, config.individual_digits ? 'Isolated' : 'Contiguous');
    case 'Punctuation':
      return splitter(/[\p{P}!-/:-@[-`{-~]/gu, config.behavior);
    case 'Whitespace':
      return splitter(expressionOf({ Regex: String.raw`\w+|[^\w\s]+` }), 'Removed', true);
    case 'WhitespaceSplit':
    default:
      return splitter(/\p{White_Space}/gu, 'Removed');
  }
}

interface Part {
  readonly text: string;
  readonly delimits: boolean;
}

/** @param invert the matches are the words and what lies between them delimits */
function splitter(expression: RegExp, behavior: Behavior, invert = false): (text: string) => string[] {
  return (text) => join(partsOf(text, expression, invert), behavior).filter((part) => part !== '');
}

function partsOf(text: string, expression: RegExp, invert: boolean): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(expression)) {
    if (index > end) parts.push({ text: text.slice(end, index), delimits: invert });
    if (match !== '') parts.push({ text: match, delimits: !invert });
    end = index + match.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), delimits: invert });
  return parts;
}

function join(parts: readonly Part[], behavior: Behavior): string[] {
  const words: string[] = [];
  let before: Part | undefined;
  for (const part of parts) {
    const merges =
      before !== undefined &&
      ((behavior === 'Contiguous' && before.delimits === part.delimits) ||
        (behavior === 'MergedWithPrevious' && part.delimits && !before.delimits) ||
        (behavior === 'MergedWithNext' && before.delimits && !part.delimits));
    if (behavior === 'Removed' && part.delimits) {
      before = part;
      continue;
    }
    if (merges) words.push((words.pop() ?? '') + part.text);
    else words.push(part.text);
    before = part;
  }
  return words;
}
