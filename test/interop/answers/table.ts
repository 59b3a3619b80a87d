/** The table of sampled answers as Markdown. */
import type { AnswersRow, AnswersTable } from './compare.ts';
import type { Distance } from './distance.ts';

/** Nats a token between a form and the weights that left in it, but for Q8_0, which rounds on purpose. */
const LIMIT = 0.02;

export function answersPass({ form, weights }: AnswersRow): boolean {
  return form === 'GGUF Q8_0' ? Number.isFinite(weights.token) : weights.token <= LIMIT;
}

export function formatAnswers({ model, answers, tokens, texts, ownRounding, rows }: AnswersTable): string {
  const { activations, weights } = ownRounding;
  return [
    `${answers} answers of ${model}, ${tokens} tokens, sampled in 8 bits with an adapter on it. Mean absolute difference of a`,
    "token's log-probability / of an answer's mean log-probability, in nats:",
    '',
    '| what leaves | from the weights that left, in fp32 | from the fp32 form | from the 8-bit form |',
    '| --- | ---: | ---: | ---: |',
    ...rows.map(
      ({ form, weights: left, fp32, int8 }) => `| ${[form, ...[left, fp32, int8].map(cell)].join(' | ')} |`,
    ),
    '',
    `The 8-bit form from its weights in fp32: ${cell(activations)}; these from the fp32 form: ${cell(weights)}.`,
    ...texts.map((text) => `- ${JSON.stringify(text)}`),
  ].join('\n');
}

function cell({ token, answer }: Distance): string {
  return `${number(token)} / ${number(answer)}`;
}

function number(value: number): string {
  return value < 1e-3 ? value.toExponential(1) : value.toFixed(4);
}
