/** How tokens become text again: the `decoder` of a tokenizer.json, piece by piece. */
import { z } from 'zod';
import { charactersAsBytes } from './byte-characters.ts';
import { expressionOf, patternSchema } from './patterns.ts';
import { refusal } from './unknown-piece.ts';

const pieceSchema = z.discriminatedUnion(
  'type',
  [
    z.looseObject({ type: z.literal('ByteLevel') }),
    z.looseObject({ type: z.literal('ByteFallback') }),
    z.looseObject({ type: z.literal('Fuse') }),
    z.looseObject({
      type: z.literal('Metaspace'),
      replacement: z.string().min(1),
      prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
    }),
    z.looseObject({ type: z.literal('Replace'), pattern: patternSchema, content: z.string() }),
    z.looseObject({
      type: z.literal('Strip'),
      content: z.string().min(1),
      start: z.int().min(0),
      stop: z.int().min(0),
    }),
  ],
  refusal,
);

export const decoderSchema = z
  .discriminatedUnion(
    'type',
    [
      ...pieceSchema.options,
      z.looseObject({ type: z.literal('Sequence'), decoders: z.array(pieceSchema).max(64) }),
    ],
    refusal,
  )
  .nullish();

type Step = (tokens: readonly string[]) => readonly string[];

/** Bytes that are no UTF-8 become U+FFFD; a byte order mark stays. */
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** @throws SyntaxError if a pattern cannot be said in JavaScript */
export function decoderOf(config: z.infer<typeof decoderSchema>): (tokens: readonly string[]) => string {
  if (config === null || config === undefined) return (tokens) => tokens.join(' ');
  const steps = (config.type === 'Sequence' ? config.decoders : [config]).map(stepOf);
  return (tokens) => steps.reduce((changed, step) => step(changed), tokens).join('');
}

function stepOf(config: z.infer<typeof pieceSchema>): Step {
  switch (config.type) {
    case 'ByteLevel':
      return (tokens) => [lossy.decode(Buffer.concat(tokens.map(charactersAsBytes)))];
    case 'ByteFallback':
      return byteFallback;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Metaspace': {
      const { replacement, prepend_scheme: scheme } = config;
      return (tokens) =>
        tokens.map((token, index) => {
          const stripped = index === 0 && scheme !== 'never' && token.startsWith(replacement);
          return (stripped ? token.slice(replacement.length) : token).replaceAll(replacement, ' ');
        });
    }
    case 'Replace': {
      const expression = expressionOf(config.pattern);
      return (tokens) => tokens.map((token) => token.replaceAll(expression, () => config.content));
    }
    case 'Strip':
    default:
      return (tokens) => tokens.map((token) => strip(token, config.content, config.start, config.stop));
  }
}

function strip(token: string, content: string, start: number, stop: number): string {
  let text = token;
  for (let count = 0; count < start && text.startsWith(content); count++) text = text.slice(content.length);
  for (let count = 0; count < stop && text.endsWith(content); count++) text = text.slice(0, -content.length);
  return text;
}

/** Neighbouring byte tokens become their text; if they are no UTF-8, each becomes U+FFFD. */
function byteFallback(tokens: readonly string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      texts.push(strict.decode(Uint8Array.from(bytes)));
    } catch {
      // What is no UTF-8 is no error: the caller asked for the text of some of a character's bytes.
      texts.push('\u{fffd}'.repeat(bytes.length));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const hex = /^<0x(?<hex>[0-9A-Fa-f]{2})>$/.exec(token)?.groups?.['hex'];
    if (hex === undefined) {
      flush();
      texts.push(token);
    } else bytes.push(Number.parseInt(hex, 16));
  }
  flush();
  return texts;
}
