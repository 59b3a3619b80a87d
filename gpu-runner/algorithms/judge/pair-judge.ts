/** What every judge is to the judge task: it compares two responses to a prompt, whatever it looks like inside. */

/** Two responses to one prompt; the first is the aligned model's. */
export interface JudgedPair {
  readonly promptId: string;
  readonly prompt: string;
  readonly first: string;
  readonly second: string;
  /** Whether each ended by itself and did not run to its limit. */
  readonly ended: { readonly first: boolean; readonly second: boolean };
}

/** What a judge says of a pair. */
export interface PairVerdict {
  /** The first response's share, 0..1; half for a tie or an answer that cannot be read. */
  readonly share: number;
  /** Null where the judge compares and does not score. */
  readonly firstScore: number | null;
  readonly secondScore: number | null;
  /** P(the first response is better) as the judge says it, orders averaged; null where it says none. */
  readonly probability: number | null;
  /** The first response's share when it was shown first and when it was shown second; null unless both were asked. */
  readonly byOrder: { readonly shownFirst: number; readonly shownSecond: number } | null;
  /** Answers that could not be read. */
  readonly unparsable: number;
  /** What an endpoint was asked; null where none is. */
  readonly usage: JudgeUsage | null;
}

export interface JudgeUsage {
  readonly calls: number;
  readonly retries: number;
  /** Null where the endpoint does not say. */
  readonly tokens: { readonly input: number; readonly output: number } | null;
}

/** The sum; null if one is not known. */
export function sumTokens(counts: readonly JudgeUsage['tokens'][]): JudgeUsage['tokens'] {
  return counts.reduce(
    (sum, one) => sum && one && { input: sum.input + one.input, output: sum.output + one.output },
    { input: 0, output: 0 },
  );
}

export interface PairJudge {
  readonly name: string;
  readonly orders: 'single-text' | 'both' | 'one-order';
  /** Pairs that are judged together, after which the work is saved. */
  readonly batchSize: number;
  /** Money for a million tokens; null where the cost is not counted. */
  readonly price: { readonly input: number; readonly output: number } | null;
  judge(pairs: readonly JudgedPair[], signal: AbortSignal): Promise<PairVerdict[]>;
  close(): Promise<void>;
}

/** Scores of responses, each read alone, in order. */
export type ScoreResponses = (
  responses: readonly { readonly prompt: string; readonly response: string; readonly ended: boolean }[],
  signal: AbortSignal,
) => Promise<ArrayLike<number>>;

/** A judge that scores one response at a time: the higher score wins, so either order gives the same answer. */
export function scoringJudge(
  name: string,
  batchSize: number,
  score: ScoreResponses,
  close: () => Promise<void> = async () => undefined,
): PairJudge {
  return {
    name,
    orders: 'single-text',
    batchSize,
    price: null,
    close,
    async judge(pairs, signal) {
      const texts = pairs.flatMap(({ prompt, first, second, ended }) => [
        { prompt, response: first, ended: ended.first },
        { prompt, response: second, ended: ended.second },
      ]);
      const scores = await score(texts, signal);
      return pairs.map((_, row) => {
        const firstScore = scores[2 * row] ?? Number.NaN;
        const secondScore = scores[2 * row + 1] ?? Number.NaN;
        return {
          share: (Math.sign(firstScore - secondScore) + 1) / 2,
          firstScore,
          secondScore,
          probability: null,
          byOrder: null,
          unparsable: 0,
          usage: null,
        };
      });
    },
  };
}
