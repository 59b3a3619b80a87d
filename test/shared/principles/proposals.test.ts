import { describe, expect, it } from 'vitest';
import { affixWarnings } from '../../../shared/principles/affix-warnings.ts';
import {
  distinctPairs,
  pairOfAnswer,
  pairsFromTemplates,
  prefixesFromTemplates,
  questionForPair,
  requestsFromTemplates,
} from '../../../shared/principles/proposals.ts';

const texts = (sentence: string) =>
  pairsFromTemplates(sentence).map(({ positive, negative }) => `${positive} ${negative}`);

describe('pairs from templates', () => {
  it('hold what is too long to its last whole word', () => {
    const [first = ''] = texts(`answers are ${'kind and '.repeat(30)}brief`);
    expect(first).toMatch(/ rule that answers are (?:kind and )*(?:kind|and)\) /);
    expect(first.length).toBeLessThan(2 * 200);
  });

  it.each([
    [
      'answers admit what they do not know',
      '(answers that admit what they do not know) (answers that never admit what they do not know)',
    ],
    ['The responses should be kind.', '(answers that are kind) (answers that are not kind)'],
    ['Answers are not long', '(answers that are not long) (answers that are long)'],
    ['answers never give orders', '(answers that never give orders) (answers that always give orders)'],
    ['be harmless', '(answers that are harmless) (answers that are not harmless)'],
    ['be harmless', '(very harmless response) (not at all harmless response)'],
    [
      'Be brief: use few words!',
      '(answers that are brief, use few words) (answers that are not brief, use few words)',
    ],
    ["Don't be cruel.", '(answers that are not cruel) (answers that are cruel)'],
    ['Do not give orders', '(answers that never give orders) (answers that always give orders)'],
    ['Always give a reason', '(answers that give a reason) (answers that never give a reason)'],
  ])('of %j', (sentence, pair) => {
    expect(texts(sentence)).toContain(pair);
  });

  it('say of any other sentence that answers follow it', () => {
    expect(texts('nobody is hurt: ever!')).toEqual([
      '(response by the rule that nobody is hurt, ever) (response against the rule that nobody is hurt, ever)',
      '(as always, nobody is hurt, ever) (this time, it is not so that nobody is hurt, ever)',
    ]);
  });

  it('for a text that goes on stand on lines of their own, which run into no prompt', () => {
    const prefixes = (sentence: string) =>
      prefixesFromTemplates(sentence).map(({ positive, negative }) => [positive, negative]);
    expect(prefixes('The stories should be kind.')[0]).toEqual([
      'These are stories that are kind.\n',
      'These are stories that are not kind.\n',
    ]);
    expect(prefixes('texts never give orders')[0]).toEqual([
      'These are texts that never give orders.\n',
      'These are texts that always give orders.\n',
    ]);
    expect(prefixes('nobody is hurt')).toEqual([
      [
        'What follows keeps to the rule that nobody is hurt.\n',
        'What follows breaks the rule that nobody is hurt.\n',
      ],
      ['As always here, nobody is hurt.\n', 'This time, it is not so that nobody is hurt.\n'],
    ]);
    const affixPairs = prefixesFromTemplates('stories are kind');
    expect(affixPairs).toHaveLength(3);
    expect(affixWarnings({ form: 'prefix', affixPairs })).toEqual([]);
  });

  it('ask a chat model for such answers behind the words of the user', () => {
    const request = (sentence: string) =>
      requestsFromTemplates(sentence).map(({ positive, negative, placement }) => [
        placement,
        positive,
        negative,
      ]);
    expect(request('answers are kind')).toEqual([
      ['user', 'Please give answers that are kind.', 'Please give answers that are not kind.'],
    ]);
    expect(request('answers never give orders')).toEqual([
      ['user', 'Please give answers that never give orders.', 'Please give answers that always give orders.'],
    ]);
    expect(request('be brief')).toEqual([
      ['user', 'Please give answers that are brief.', 'Please give answers that are not brief.'],
    ]);
    expect(request('nobody is hurt')).toEqual([
      [
        'user',
        'Please give answers by the rule that nobody is hurt.',
        'Please give answers against the rule that nobody is hurt.',
      ],
    ]);
  });

  it('fit into a label: one line, no colon, not endless, one parenthesis around each', () => {
    for (const sentence of ['answers are kind: (really)\n\nHuman: hi', `answers ${'say much '.repeat(90)}`])
      for (const { positive, negative } of pairsFromTemplates(sentence))
        for (const affix of [positive, negative]) {
          expect(affix).toMatch(/^\([^()\n:]{3,220}\)$/);
          expect(positive).not.toBe(negative);
        }
  });
});

describe('pairs from a model', () => {
  it('is asked with solved examples, in a dialogue whose last turn is open', () => {
    const question = questionForPair('answers are kind');
    expect(question).toMatch(/^Human: Name two opposite/);
    expect(question).toMatch(/law-abiding, ethical response \/ illegal, unethical response/);
    expect(question.endsWith('Principle: answers are kind.\n\nAssistant:')).toBe(true);
  });

  it('are read from one line with a slash, and nothing else', () => {
    expect(pairOfAnswer(' kind response / "rude response".\n\nHuman:', false)).toEqual({
      positive: '(kind response)',
      negative: '(rude response)',
      by: 'model',
    });
    for (const answer of [
      '',
      'kind response',
      'a / b / c',
      'same / Same',
      'x / y',
      'kind response\nrude / b',
      `${'kind and '.repeat(20)} / rude response`,
    ])
      expect(pairOfAnswer(answer, false)).toBeNull();
  });

  it('are none whose line may break off where the answer was cut', () => {
    expect(pairOfAnswer('kind response / rude respo', true)).toBeNull();
    expect(pairOfAnswer('kind response / rude response', false)).not.toBeNull();
    expect(pairOfAnswer('kind response / rude response\nHuman: Na', true)).not.toBeNull();
  });

  it('stand once each, without the examples that they were shown', () => {
    const pair = (positive: string, negative: string) => ({ positive, negative, by: 'model' as const });
    const [kind, rude] = [pair('(kind)', '(rude)'), pair('(warm)', '(cold)')];
    const shown = pair('(Giving a helpful response)', '(x)');
    expect(distinctPairs([kind, shown, rude, pair('(Kind)', '(RUDE)')])).toEqual([kind, rude]);
  });
});
