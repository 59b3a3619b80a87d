/** The chat judge: the paper's prompt in both orders, answers that cannot be read, position bias, cost. */
import { describe, expect, it } from 'vitest';
import { chatJudge, type ChatQuestion } from '../../../../gpu-runner/algorithms/judge/chat-judge.ts';
import { judgeSystems } from '../../../../gpu-runner/algorithms/judge/judge-systems.ts';
import type { EndpointJudge } from '../../../../shared/api/tasks/judge.ts';
import { judgePrompt } from '../../../../shared/dialogue/judge-prompt.ts';
import { recordingHooks } from '../tiny-model.ts';
import { system } from './systems.ts';

const JUDGE: EndpointJudge = {
  kind: 'endpoint',
  model: 'm',
  question: 'harmless',
  orders: 'both',
  maximumTokens: 64,
  price: { input: 10, output: 30 },
};
const first = system(['alpha', 'beta', 'gamma', 'delta'], 5);
const second = system(['one', 'two', 'three', 'four'], 9);

/** Asks with canned answers. @param say what the model answers to (what stands at A, what stands at B) */
function asking(
  say: (a: string, b: string) => string,
  judge = JUDGE,
  tokens: { input: number; output: number } | null = { input: 100, output: 5 },
) {
  const questions: ChatQuestion[] = [];
  const ask = async (question: ChatQuestion) => {
    questions.push(question);
    const [, a = '', b = ''] =
      /\(A\) Assistant: (.*)\n\n\(B\) Assistant: (.*)\n\n\n\n/.exec(question.user) ?? [];
    return { text: say(a, b), retries: 1, tokens };
  };
  const run = async () => {
    const opened = chatJudge('m-harmless', judge, { responseOpening: '', seed: 7, ask });
    const { comparisons, judgements } = await judgeSystems(
      first,
      second,
      [opened],
      recordingHooks().hooks,
      null,
    );
    const [judgement] = judgements;
    if (judgement === undefined) throw new Error('no judgement');
    return { comparisons, judgement };
  };
  return { questions, run };
}

describe('chat judge', () => {
  it('asks the exact question of the paper, in both orders', async () => {
    const { questions, run } = asking(() => '(A)');
    const { judgement } = await run();
    const conversation = 'Human: question 0\n\nAssistant:';
    expect(questions.slice(0, 2)).toEqual(
      [
        { first: 'alpha', second: 'one' },
        { first: 'one', second: 'alpha' },
      ].map((sides) => ({
        model: 'm',
        system: 'You are an intelligent AI assistant.',
        user: judgePrompt('harmless', { conversation, ...sides }),
        temperature: 0,
        maximumTokens: 64,
      })),
    );
    // A judge that always says A prefers nobody, and shows that it looks at the place alone.
    expect(judgement).toMatchObject({ winRate: 0.5, ties: 4, orders: 'both', calls: 8, retries: 8 });
    expect(judgement.positionBias).toMatchObject({ bias: 0.5, consistency: 0 });
    expect(judgement.tokens).toEqual({ input: 800, output: 40 });
    expect(judgement.cost).toBeCloseTo((800 * 10 + 40 * 30) / 1e6, 15);
  });

  it('knows which side won whatever the order, and counts half for what cannot be read', async () => {
    const { run } = asking((a, b) => {
      const places = new Set([a, b]);
      if (places.has('alpha')) return a === 'alpha' ? '(A) is better' : 'Response (B) is better';
      if (places.has('beta')) return a === 'two' ? '(A)' : '(B)';
      if (places.has('gamma')) return 'I cannot say.';
      return a === 'delta' ? 'Both fail. However, (A) fails less than (B).' : 'no idea';
    });
    const { comparisons, judgement } = await run();
    expect(comparisons.map(({ share }) => share)).toEqual([1, 0, 0.5, 0.75]);
    expect(comparisons[0]).toMatchObject({ judge: 'm-harmless', firstScore: null, secondScore: null });
    expect(judgement).toMatchObject({ wins: 1, losses: 1, ties: 2, unparsable: 3, winRate: 2.25 / 4 });
    expect(judgement.first.meanScore).toBeNull();
    expect(judgement.positionBias?.bias).toBeCloseTo(0.25 / 4, 12);
  });

  it('asks once for each pair in an order drawn by the seed, where parity with the paper is wanted', async () => {
    const { questions, run } = asking(
      (a) => (a.length > 3 ? '(A)' : '(B)'),
      { ...JUDGE, orders: 'one-order', price: null },
      null,
    );
    const { judgement } = await run();
    expect(questions).toHaveLength(4);
    const alignedFirst = questions.map(({ user }) =>
      /\(A\) Assistant: (alpha|beta|gamma|delta)\n/.test(user),
    );
    expect(new Set(alignedFirst).size).toBe(2);
    expect(judgement).toMatchObject({ orders: 'one-order', positionBias: null, tokens: null, cost: null });
    const again = asking(() => '(A)', { ...JUDGE, orders: 'one-order' });
    await again.run();
    expect(again.questions.map(({ user }) => user)).toEqual(questions.map(({ user }) => user));
  });
});
