/** A or B from a server's log-probabilities: what is read, what is bounded, what is refused at the first question. */
import { describe, expect, it } from 'vitest';
import { pairChoice } from '../../../../gpu-runner/algorithms/label/choice-question.ts';
import { chatCompletion, completion } from '../../../../gpu-runner/served-model/completions.ts';
import type { AskedServer, Question, QuestionKind } from '../../../../gpu-runner/tasks/served/ask-server.ts';
import { readAlternatives, servedChoice } from '../../../../gpu-runner/tasks/served/choice-answers.ts';

const PAIR = {
  promptId: 'p',
  prompt: 'Human: Hello?\n\nAssistant:',
  chosen: 'Kind.',
  rejected: 'Rude.',
  labelProbability: 1,
  affixPair: 0,
};

/** Answers every question by its text, as a server would, and keeps what was asked. */
function answering(answer: (text: string) => unknown) {
  const asked: Question[] = [];
  const server = {
    ask: async (kind: QuestionKind<never, unknown>, questions: readonly Question[]) => {
      asked.push(...questions);
      return questions.map((question) => {
        const text = JSON.stringify(question.body);
        return kind.read(kind.answer.parse(answer(text)), question);
      });
    },
  };
  return { asked, server: server as unknown as AskedServer };
}
const choice = (server: AskedServer, protocol: 'completions' | 'chat') =>
  pairChoice(
    { instructions: ['Which is kinder?'], orders: 'both', examples: [], seed: 1 },
    servedChoice(server, protocol),
  ).ask([PAIR], new AbortController().signal);

describe('the alternatives of a token', () => {
  it('give P(A) among A and B, however a tokenizer writes the letters', () => {
    const alternatives = [
      ['A', Math.log(0.5)],
      [' A', Math.log(0.1)],
      ['▁B', Math.log(0.2)],
      ['(B', Math.log(0.1)],
      ['As', Math.log(0.05)],
    ] as const;
    const { shownA, mass } = readAlternatives(alternatives);
    expect(shownA).toBeCloseTo(0.6 / 0.9, 12);
    expect(mass).toBeCloseTo(0.9, 12);
  });

  it('bound a letter that is not among them, and say nothing where neither is', () => {
    const one = readAlternatives([
      ['A', Math.log(0.9)],
      ['x', Math.log(0.02)],
    ]);
    expect(one.shownA).toBeCloseTo(0.9 / 0.92, 12);
    expect(one.mass).toBeCloseTo(0.9, 12);
    expect(readAlternatives([['x', -1]])).toEqual({ shownA: 0.5, mass: 0 });
  });
});

describe('the choice question to a server', () => {
  it('shows both orders as raw text, and reads the first token', async () => {
    const { asked, server } = answering((text) => {
      const kindIsA = text.includes('(A) Kind.');
      const top_logprobs = [{ A: Math.log(kindIsA ? 0.8 : 0.3), B: Math.log(kindIsA ? 0.2 : 0.7) }];
      return { choices: [{ text: 'A', logprobs: { tokens: ['A'], token_logprobs: [-0.2], top_logprobs } }] };
    });
    const [verdict] = await choice(server, 'completions');
    expect(verdict?.first).toBeCloseTo(0.75, 12);
    expect(asked).toHaveLength(2);
    expect(asked[0]?.body).toMatchObject({ max_tokens: 1, temperature: 0, logprobs: 5 });
    expect(String(asked[0]?.body['prompt'])).toMatch(/\(A\) Kind\.\n+\(B\) Rude\.\n+The answer is: \($/);
  });

  it('asks a chat for the letter alone, and reads it where it stands', async () => {
    const place = (a: number, b: number) => ({
      token: 'x',
      logprob: -1,
      top_logprobs: [
        { token: 'A', logprob: Math.log(a) },
        { token: 'B', logprob: Math.log(b) },
      ],
    });
    const { asked, server } = answering(() => ({
      choices: [{ message: { content: '(A)' }, logprobs: { content: [place(0.01, 0.01), place(0.6, 0.2)] } }],
    }));
    const [verdict] = await choice(server, 'chat');
    expect(verdict?.byOrder.map(({ shownA }) => shownA)).toEqual(
      [0.75, 0.75].map((p) => expect.closeTo(p, 12) as number),
    );
    const { messages, top_logprobs: alternatives } = asked[0]?.body ?? {};
    expect(JSON.stringify(messages)).toMatch(/Answer with the letter alone: A or B\."\}\]$/);
    expect(JSON.stringify(messages)).not.toContain('The answer is');
    expect(alternatives).toBe(20);
  });

  it('refuses a server that gives no log-probabilities, by what is missing', async () => {
    const text = answering(() => completion.parse({ choices: [{ text: 'A' }] }));
    await expect(choice(text.server, 'completions')).rejects.toThrow(
      /gives no log-probabilities.*top_logprobs/,
    );
    const chat = answering(() => chatCompletion.parse({ choices: [{ message: { content: 'A' } }] }));
    await expect(choice(chat.server, 'chat')).rejects.toThrow(/gives no log-probabilities of its answer/);
  });
});
