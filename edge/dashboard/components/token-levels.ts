/** The tokens of a response as a reader sees them: their text, how likely each was, and the class of its colour. */
import { sampleTokens } from '../../../shared/api/sample-tokens.ts';
import type { Sample } from '../app/types.ts';
import { percent } from '../text/format.ts';

/** Text behind so many characters is shown plainly, whatever a runner says of it. */
const COLOURED_CHARACTERS = 4000;

export interface ShownToken {
  /** Empty for the end token. */
  readonly text: string;
  /** Under what sampled it, nats. */
  readonly policy: number;
  /** Under what it is compared with: see referenceOf; NaN where that was not asked. */
  readonly base: number;
}

/** @returns its tokens and the text behind the last of them; undefined where the sample carries none that fit it */
export function tokensOf({ response, detail }: Pick<Sample, 'response' | 'detail'>) {
  return tokensIn(response, detail?.['tokens']);
}

/** The same of any response and what is told of its tokens. */
export function tokensIn(response: string, told: unknown) {
  const parsed = sampleTokens.safeParse(told);
  if (!parsed.success || parsed.data.ends.length === 0) return undefined;
  const { ends, logProbabilities, referenceLogProbabilities } = parsed.data;
  const tokens: ShownToken[] = [];
  let start = 0;
  for (const [index, told] of ends.entries()) {
    const end = endOfCharacter(response, told);
    if (end < start || end > Math.min(response.length, COLOURED_CHARACTERS)) break;
    tokens.push({
      text: response.slice(start, end),
      policy: logProbabilities[index] ?? Number.NaN,
      base: referenceLogProbabilities[index] ?? Number.NaN,
    });
    start = end;
  }
  return tokens.length === 0 ? undefined : { tokens, rest: response.slice(start) };
}

/** A token may end inside a character of two units. */
function endOfCharacter(text: string, end: number): number {
  const code = text.charCodeAt(end - 1);
  return end < text.length && code >= 0xd800 && code <= 0xdbff ? end + 1 : end;
}

interface Level {
  /** Class of the style sheet: a colour, and a line of its own under the text. */
  readonly name: string;
  readonly meaning: string;
  readonly holds: (token: ShownToken) => boolean;
}

const LIKELY: readonly Level[] = [
  { name: 'plain', meaning: 'likely: 50 % or more', holds: ({ policy }) => policy >= Math.log(0.5) },
  { name: 'rare-1', meaning: '10 to 50 %', holds: ({ policy }) => policy >= Math.log(0.1) },
  { name: 'rare-2', meaning: '1 to 10 %', holds: ({ policy }) => policy >= Math.log(0.01) },
  { name: 'rare-3', meaning: 'unlikely: below 1 %', holds: () => true },
];

/** Likelier or less likely than under the reference. */
const moved = (reference: string): readonly Level[] => [
  { name: 'more-2', meaning: `likelier than ${reference} by 1 nat or more`, holds: by(1) },
  { name: 'more-1', meaning: 'by 0.3 to 1', holds: by(0.3) },
  { name: 'plain', meaning: 'alike', holds: ({ policy, base }) => policy - base > -0.3 },
  { name: 'less-1', meaning: 'less likely by 0.3 to 1', holds: ({ policy, base }) => policy - base > -1 },
  { name: 'less-2', meaning: 'by 1 nat or more', holds: () => true },
];

function by(nats: number) {
  return ({ policy, base }: ShownToken) => policy - base >= nats;
}

export const SCALES = {
  likely: LIKELY,
  moved: moved('under the base model'),
  affix: moved('without the affix'),
  model: moved('under the other model'),
} as const;
export type Scale = keyof typeof SCALES;

/** What the second figure of a token is: a policy's is the base model's, an affix's that of the plain prompt. */
const REFERENCES = { policy: 'base model', affix: 'without the affix', model: 'other model' } as const;
export type Comparison = keyof typeof REFERENCES;
export const referenceOf = (comparison: Comparison): string => REFERENCES[comparison];

export function levelOf(token: ShownToken, scale: Scale): string {
  if (scale !== 'likely' && Number.isNaN(token.base)) return 'plain';
  return SCALES[scale].find(({ holds }) => holds(token))?.name ?? 'plain';
}

const UNKNOWN = 'not known';

/** `−0.22 (80.3 %)`. */
export function likelihood(logProbability: number): string {
  if (Number.isNaN(logProbability)) return UNKNOWN;
  return `${signed(logProbability)} (${percent(Math.exp(logProbability))})`;
}

/** With its sign, as people write it. */
export function signed(value: number): string {
  if (Number.isNaN(value)) return UNKNOWN;
  const text = Math.abs(value).toFixed(2);
  return value < 0 ? `−${text}` : value > 0 ? `+${text}` : text;
}

export function titleOf({ policy, base }: ShownToken, comparison: Comparison): string {
  if (Number.isNaN(base)) return `log-probability ${likelihood(policy)}`;
  return `log-probability ${likelihood(policy)}; ${referenceOf(comparison)} ${likelihood(base)}; difference ${signed(policy - base)} nats`;
}

/** Mean over the tokens, nats. */
export function meanOf(tokens: readonly ShownToken[], side: 'policy' | 'base'): number {
  return tokens.reduce((sum, token) => sum + token[side], 0) / tokens.length;
}
