/** The figures of a contrast from its answers and their likelihoods. */
import type { ContrastMeasurement } from '../../../shared/principles/contrast.ts';
import { summarise } from '../../../shared/statistics/summary.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';

/** One answer of a side. */
export interface ContrastAnswer {
  readonly text: string;
  readonly tokens: number;
  /** Why the filter refuses it; null where it is kept. */
  readonly refused: string | null;
  readonly truncated: boolean;
  /** log p(answer | own affix) - log p(answer | opposite affix). */
  readonly nats: number;
}

/** Both answers to a prompt. */
export interface ContrastAnswers {
  /** Without affix. */
  readonly prompt: string;
  readonly positive: ContrastAnswer;
  readonly negative: ContrastAnswer;
}

/** Prompts whose answers are shown. */
const SHOWN = 4;

/** Everything that the answers say; at least one pair of them. */
export function describeContrast(
  answers: readonly ContrastAnswers[],
): Omit<ContrastMeasurement, 'leftOut' | 'rates'> {
  const [positives, negatives] = [
    answers.map(({ positive }) => positive),
    answers.map(({ negative }) => negative),
  ];
  const all = [...positives, ...negatives];
  const [positive, negative] = [sideOf(positives), sideOf(negatives)];
  return {
    prompts: answers.length,
    separation: shareOf(all, ({ nats }) => nats > 0),
    acceptance: shareOf(all, ({ refused }) => refused === null),
    positive,
    negative,
    lengthGap: positive.tokens.mean - negative.tokens.mean,
    truncatedShare: (positive.truncated + negative.truncated) / all.length,
    examples: answers.slice(0, SHOWN).map(({ prompt, ...sides }) => ({
      prompt,
      positive: shown(sides.positive),
      negative: shown(sides.negative),
    })),
  };
}

function sideOf(answers: readonly ContrastAnswer[]): ContrastMeasurement['positive'] {
  const rejected: Record<string, number> = {};
  for (const { refused } of answers) if (refused !== null) rejected[refused] = (rejected[refused] ?? 0) + 1;
  return {
    nats: summarise(answers.map(({ nats }) => nats)),
    tokens: summarise(answers.map(({ tokens }) => tokens)),
    accepted: answers.filter(({ refused }) => refused === null).length,
    rejected,
    truncated: answers.filter(({ truncated }) => truncated).length,
  };
}

function shareOf(answers: readonly ContrastAnswer[], holds: (answer: ContrastAnswer) => boolean) {
  const held = answers.filter(holds).length;
  return { share: held / answers.length, interval: wilsonInterval(held, answers.length) };
}

const shown = ({ text, nats, refused }: ContrastAnswer) => ({ text, nats, accepted: refused === null });
