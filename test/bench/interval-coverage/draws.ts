/** Verdicts with known truths: what systems and judges would say if they were drawn by these figures. */
import { normal, uniform } from '../../../shared/random.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';

/** In so many prompts of a second seed everything is as with the first: rows of a prompt hang together. */
const ALIKE = 0.5;

/** Who draws; a run has its own seed. */
const STREAMS = { alike: 1, better: 10, right: 20, tie: 30, length: 40, people: 50 } as const;

export interface Verdict {
  readonly promptId: string;
  /** Of the first system: 1, 0, or 0.5 for a tie. */
  readonly share: number;
  /** Tokens of the first system's response minus those of the second's. */
  readonly lengthGap: number;
}

/** Rows of every prompt and seed. @param drawn a row by prompt and by whose draws it takes */
function rowsOf(
  run: number,
  prompts: number,
  seeds: number,
  drawn: (prompt: number, source: number) => Omit<Verdict, 'promptId'>,
): Verdict[] {
  return Array.from({ length: prompts * seeds }, (_, index) => {
    const [prompt, seed] = [Math.floor(index / seeds), index % seeds];
    const isAlike = seed > 0 && uniform(run, STREAMS.alike + seed, prompt) < ALIKE;
    return { promptId: String(prompt), ...drawn(prompt, isAlike ? 0 : seed) };
  });
}

/** A judge: it ties in some pairs and is right in so many of the others. */
export interface DrawnJudge {
  readonly ties: number;
  readonly right: number;
}

/** Its accuracy, ties for half. */
export const accuracyOf = ({ ties, right }: DrawnJudge): number => ties / 2 + (1 - ties) * right;

/** What a judge says of two systems, the first of which is the better one in a share `rate` of the rows. */
export function judgedRows(
  run: number,
  { prompts, seeds, rate, judge }: { prompts: number; seeds: number; rate: number; judge: DrawnJudge },
): Verdict[] {
  return rowsOf(run, prompts, seeds, (prompt, source) => {
    const isBetter = uniform(run, STREAMS.better + source, prompt) < rate;
    const isRight = uniform(run, STREAMS.right + source, prompt) < judge.right;
    const isTie = uniform(run, STREAMS.tie + source, prompt) < judge.ties;
    return { share: isTie ? 0.5 : Number(isBetter === isRight), lengthGap: 0 };
  });
}

/** What a judge that length sways says: at equal length the first wins in a share `rate`. */
export function swayedRows(
  run: number,
  { prompts, seeds, rate, sway }: { prompts: number; seeds: number; rate: number; sway: number },
): Verdict[] {
  const intercept = Math.log(rate / (1 - rate));
  const deviation = 20;
  return rowsOf(run, prompts, seeds, (prompt, source) => {
    const lengthGap = 5 + deviation * normal(run, STREAMS.length + source, prompt);
    const p = sigmoid(intercept + sway * Math.tanh(lengthGap / deviation));
    return { share: Number(uniform(run, STREAMS.better + source, prompt) < p), lengthGap };
  });
}

/** How far a judge agrees with people on their pairs, several of which may be of one prompt: 1, 0, or 0.5 for a tie. */
export function examRows(
  run: number,
  { pairs, perPrompt, judge }: { pairs: number; perPrompt: number; judge: DrawnJudge },
): { readonly promptId: string; readonly share: number }[] {
  return Array.from({ length: pairs }, (_, pair) => {
    const [prompt, place] = [Math.floor(pair / perPrompt), pair % perPrompt];
    const isAlike = place > 0 && uniform(run, STREAMS.people, pair) < ALIKE;
    const row = isAlike ? prompt * perPrompt : pair;
    const isTie = uniform(run, STREAMS.people + 1, row) < judge.ties;
    const share = isTie ? 0.5 : Number(uniform(run, STREAMS.people + 2, row) < judge.right);
    return { promptId: String(prompt), share };
  });
}
