/** A chat model as judge, with the paper's prompts and parser, in both orders or in one drawn for each pair. */
import { createHash } from 'node:crypto';
import type { EndpointJudge } from '../../../shared/api/tasks/judge.ts';
import { parseJudgeAnswer } from '../../../shared/dialogue/judge-prompt.ts';
import { judgeTexts } from '../../../shared/principles/scoring-prompts.ts';
import { uniform } from '../../../shared/random.ts';
import { streamOf } from '../streams.ts';
import { paperQuestion } from './paper-question.ts';
import {
  sumTokens,
  type JudgedPair,
  type JudgeUsage,
  type PairJudge,
  type PairVerdict,
} from './pair-judge.ts';

/** One question to a chat model. */
export interface ChatQuestion {
  readonly model: string;
  readonly system: string;
  readonly user: string;
  readonly temperature: number;
  readonly maximumTokens: number;
}

/** Its answer, and what it took. */
interface ChatAnswer {
  readonly text: string;
  readonly retries: number;
  /** Null where the endpoint does not say. */
  readonly tokens: { readonly input: number; readonly output: number } | null;
}

export type AskChat = (question: ChatQuestion, signal: AbortSignal) => Promise<ChatAnswer>;

/** Pairs between two savings of the work. */
const BATCH = 8;

/**
 * @param responseOpening what stands before every response of the task; outlines are judged with it
 * @param seed draws the order of each pair where one is asked
 */
export function chatJudge(
  name: string,
  judge: EndpointJudge,
  { responseOpening, seed, ask }: { responseOpening: string; seed: number; ask: AskChat },
): PairJudge {
  const compare = async (pair: JudgedPair, shownFirst: boolean, signal: AbortSignal) => {
    const user = paperQuestion(judge.question, pair, shownFirst, responseOpening);
    const { system, temperature } = judgeTexts;
    const { model, maximumTokens } = judge;
    const answer = await ask({ model, system, user, temperature, maximumTokens }, signal);
    const said = parseJudgeAnswer(answer.text.trim());
    const share = said === null ? 0.5 : Number((said === 'A') === shownFirst);
    return { share, unparsable: Number(said === null), answer };
  };
  return {
    name,
    orders: judge.orders,
    batchSize: BATCH,
    price: judge.price,
    close: async () => undefined,
    async judge(pairs, signal) {
      const verdicts: PairVerdict[] = [];
      for (const pair of pairs) {
        const orders = judge.orders === 'both' ? [true, false] : [firstIsShownFirst(pair, seed)];
        const said = [];
        for (const shownFirst of orders) said.push(await compare(pair, shownFirst, signal));
        const [one, other] = said;
        const both = one !== undefined && other !== undefined;
        verdicts.push({
          share: said.reduce((sum, { share }) => sum + share, 0) / said.length,
          firstScore: null,
          secondScore: null,
          probability: null,
          byOrder: both ? { shownFirst: one.share, shownSecond: other.share } : null,
          unparsable: said.reduce((sum, { unparsable }) => sum + unparsable, 0),
          usage: usageOf(said.map(({ answer }) => answer)),
        });
      }
      return verdicts;
    },
  };
}

function usageOf(answers: readonly ChatAnswer[]): JudgeUsage {
  return {
    calls: answers.length,
    retries: answers.reduce((total, { retries }) => total + retries, 0),
    tokens: sumTokens(answers.map(({ tokens }) => tokens)),
  };
}

/** A coin of (seed, prompt). */
function firstIsShownFirst({ promptId, prompt }: JudgedPair, seed: number): boolean {
  const counter = createHash('sha256').update(`${promptId}\n${prompt}`).digest().readUIntBE(0, 6);
  return uniform(seed, streamOf('judge-order', 0), counter) < 0.5;
}
