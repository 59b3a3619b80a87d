/** Pairs as TRL, OpenRLHF and LLaMA-Factory document them: dialogues as messages, stories as text. */
import { describe, expect, it } from 'vitest';
import {
  conversationOf,
  datasetInfo,
  formatTrainerPairs,
  TRAINER_FORMS,
  trainerCommand,
} from '../../../shared/export/trainer-pairs.ts';

const DIALOGUE = {
  prompt: 'Human: Hello?\n\nAssistant: Hi.\n\nHuman: Help me.\nPlease: now.\n\nAssistant:',
  chosen: 'Of course.',
  rejected: ' No.\n',
  labelProbability: 0.9,
};
const STORY = {
  prompt: 'Once there was a dog.',
  chosen: 'It was “kind”.',
  rejected: ' It was rude.',
  labelProbability: 1,
};
const rows = (form: (typeof TRAINER_FORMS)[number], pair: typeof STORY): unknown[] =>
  formatTrainerPairs(form, [pair, pair])
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

describe('the turns of a prompt', () => {
  it('are messages up to the last label; what follows it begins every response', () => {
    expect(conversationOf(DIALOGUE.prompt)).toEqual({
      messages: [
        { role: 'user', content: 'Hello?' },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'Help me.\nPlease: now.' },
      ],
      opening: '',
    });
    expect(conversationOf('\n\nHuman: Outline?\n\nAssistant: Here is one:\n\n1.')?.opening).toBe(
      'Here is one:\n\n1.',
    );
  });

  it('join what one side says in a row, and keep what stands before the first label', () => {
    expect(conversationOf('Be brief.\n\nHuman: A\n\nHuman: B\n\nAssistant:')?.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'A\n\nB' },
    ]);
  });

  it('are none in a story, even one about an Assistant', () => {
    for (const prompt of [STORY.prompt, 'The Assistant: a story', 'Human: hello', '']) {
      expect(conversationOf(prompt), prompt).toBeNull();
    }
  });
});

describe('pairs for other trainers', () => {
  it.each(['trl', 'openrlhf'] as const)(
    '%s takes dialogues as messages, the answers as lists of one',
    (form) => {
      const [first, second] = rows(form, DIALOGUE);
      expect(first).toEqual({
        prompt: conversationOf(DIALOGUE.prompt)?.messages,
        chosen: [{ role: 'assistant', content: 'Of course.' }],
        rejected: [{ role: 'assistant', content: 'No.' }],
      });
      expect(second).toEqual(first);
    },
  );

  it.each(['trl', 'openrlhf'] as const)('%s takes stories as text that joins without a gap', (form) => {
    expect(rows(form, STORY)[0]).toEqual({
      prompt: STORY.prompt,
      chosen: ' It was “kind”.',
      rejected: ' It was rude.',
    });
  });

  it('LLaMA-Factory takes dialogues as sharegpt and stories as alpaca rankings, each described beside the file', () => {
    expect(rows('llama-factory', DIALOGUE)[0]).toEqual({
      conversations: [
        { from: 'human', value: 'Hello?' },
        { from: 'gpt', value: 'Hi.' },
        { from: 'human', value: 'Help me.\nPlease: now.' },
      ],
      chosen: { from: 'gpt', value: 'Of course.' },
      rejected: { from: 'gpt', value: 'No.' },
    });
    expect(rows('llama-factory', STORY)[0]).toEqual({
      instruction: STORY.prompt,
      input: '',
      chosen: 'It was “kind”.',
      rejected: 'It was rude.',
    });
    for (const [conversational, pair] of [
      [true, DIALOGUE],
      [false, STORY],
    ] as const) {
      const described = datasetInfo(conversational) as {
        rlcd: { file_name: string; ranking: boolean; columns: Record<string, string> };
      };
      expect(described.rlcd).toMatchObject({ file_name: 'pairs.jsonl', ranking: true });
      const [row] = rows('llama-factory', pair);
      expect(Object.values(described.rlcd.columns).sort()).toEqual(Object.keys(row as object).sort());
    }
  });

  it('keep an opening in both answers, and name the keys in the command', () => {
    const outline = { ...DIALOGUE, prompt: 'Human: Outline?\n\nAssistant: Here is one:' };
    expect(rows('trl', outline)[0]).toMatchObject({ chosen: [{ content: 'Here is one: Of course.' }] });
    expect(trainerCommand('openrlhf', 'pairs', true)).toContain('--data.apply_chat_template');
    expect(trainerCommand('openrlhf', 'pairs', false)).not.toContain('--data.apply_chat_template');
    for (const form of TRAINER_FORMS) expect(trainerCommand(form, 'my-pairs', true)).toContain('my-pairs');
  });
});
