/** A chat model that judges by likelihood: after the paper's question, how likely it finds (A) and (B) as the answer. */
import type { LikelihoodJudge } from '../../../shared/api/tasks/judge.ts';
import { BEFORE_ANSWER, type AnswerChoices, type ChoiceAnswer } from '../label/choice-answers.ts';
import { paperQuestion } from './paper-question.ts';
import type { PairJudge, PairVerdict } from './pair-judge.ts';

/**
 * Every pair is asked about in both orders, and the response wins whose mean probability is the greater: a leaning to one
 * place, which in small models is larger than any opinion, is the same for both and cancels. What each order says by itself
 * tells that leaning.
 *
 * @param pairsAtOnce pairs between two savings of the work
 * @param answer the model; a question that is longer than its context counts as an answer that cannot be read
 */
export function likelihoodJudge(
  name: string,
  { question }: LikelihoodJudge,
  {
    responseOpening,
    pairsAtOnce,
    answer,
    close,
  }: {
    readonly responseOpening: string;
    readonly pairsAtOnce: number;
    readonly answer: AnswerChoices;
    readonly close: () => Promise<void>;
  },
): PairJudge {
  return {
    name,
    orders: 'both',
    batchSize: pairsAtOnce,
    price: null,
    close,
    async judge(pairs, signal) {
      const ask = (shownFirst: boolean) =>
        pairs.map((pair) => {
          const asked = paperQuestion(question, pair, shownFirst, responseOpening);
          return `${asked}\n\n\n\n${BEFORE_ANSWER}`;
        });
      // Both orders of a pair side by side: they begin alike, and what is alike is read once.
      const [forward, backward] = [ask(true), ask(false)];
      const answers = await answer(
        forward.flatMap((text, row) => [text, backward[row] ?? '']),
        signal,
      );
      return pairs.map((_, row) => verdictOf(answers[2 * row], answers[2 * row + 1]));
    },
  };
}

/** @param forward what was said when the first response stood at (A), `backward` when it stood at (B) */
function verdictOf(
  forward: ChoiceAnswer | null | undefined,
  backward: ChoiceAnswer | null | undefined,
): PairVerdict {
  const first = forward ? forward.shownA : 0.5;
  const second = backward ? 1 - backward.shownA : 0.5;
  const won = (probability: number) => (1 + Math.sign(probability - 0.5)) / 2;
  return {
    // (first + second) / 2 against 1/2, without rounding. Of one order alone the place would not cancel.
    share: forward && backward ? (1 + Math.sign(forward.shownA - backward.shownA)) / 2 : 0.5,
    firstScore: null,
    secondScore: null,
    probability: (first + second) / 2,
    byOrder: { shownFirst: won(first), shownSecond: won(second) },
    unparsable: Number(!forward) + Number(!backward),
    usage: null,
  };
}
