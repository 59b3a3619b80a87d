/** What a tokenizer.json does to a text before it is split: its `normalizer`, piece by piece. */
import { z } from 'zod';
import { expressionOf, patternSchema } from './patterns.ts';
import { precompiledNormalizer } from './precompiled.ts';
import { refusal } from './unknown-piece.ts';

const pieceSchema = z.discriminatedUnion(
  'type',
  [
    z.looseObject({ type: z.literal('NFC') }),
    z.looseObject({ type: z.literal('NFD') }),
    z.looseObject({ type: z.literal('NFKC') }),
    z.looseObject({ type: z.literal('NFKD') }),
    z.looseObject({ type: z.literal('Lowercase') }),
    z.looseObject({ type: z.literal('Precompiled'), precompiled_charsmap: z.base64().nullish() }),
    z.looseObject({ type: z.literal('Prepend'), prepend: z.string() }),
    z.looseObject({ type: z.literal('Replace'), pattern: patternSchema, content: z.string() }),
    z.looseObject({ type: z.literal('Strip'), strip_left: z.boolean(), strip_right: z.boolean() }),
  ],
  refusal,
);

export const normalizerSchema = z
  .discriminatedUnion(
    'type',
    [
      ...pieceSchema.options,
      z.looseObject({ type: z.literal('Sequence'), normalizers: z.array(pieceSchema).max(64) }),
    ],
    refusal,
  )
  .nullish();

export type Normalize = (text: string) => string;

/** @throws SyntaxError if a pattern cannot be said in JavaScript; RangeError for a damaged table of replacements */
export function normalizerOf(config: z.infer<typeof normalizerSchema>): Normalize {
  if (config === null || config === undefined) return (text) => text;
  const pieces = (config.type === 'Sequence' ? config.normalizers : [config]).map(pieceOf);
  return (text) => pieces.reduce((changed, piece) => piece(changed), text);
}

function pieceOf(config: z.infer<typeof pieceSchema>): Normalize {
  switch (config.type) {
    case 'Lowercase':
      return (text) => text.toLowerCase();
    case 'Precompiled':
      return precompiledNormalizer(config.precompiled_charsmap ?? '');
    case 'Prepend':
      return (text) => (text === '' ? text : config.prepend + text);
    case 'Replace': {
      const expression = expressionOf(config.pattern);
      return (text) => text.replaceAll(expression, () => config.content);
    }
    case 'Strip': {
      const left = config.strip_left ? /^\p{White_Space}+/u : /(?!)/u;
      const right = config.strip_right ? /\p{White_Space}+$/u : /(?!)/u;
      return (text) => text.replace(left, '').replace(right, '');
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
    default:
      return (text) => text.normalize(config.type);
  }
}
