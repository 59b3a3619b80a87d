/** How the page asks a model in each form, and how it reads what comes back. */
import { describe, expect, it } from 'vitest';
import { createClient } from '../../../shared/api/client.ts';
import {
  answerTo,
  likelihoodOf,
  questionOf,
  type Turn,
} from '../../../edge/dashboard/pages/experiment/try/ask.ts';
import { comparedTokens } from '../../../edge/dashboard/pages/experiment/try/said-tokens.ts';

const SETTINGS = { temperature: 0.5, seed: 3, max_tokens: 8 };
const TURNS: readonly Turn[] = [
  { role: 'user', text: 'Hello?' },
  { role: 'assistant', text: 'Yes?' },
  { role: 'user', text: 'Who?' },
];

/** What is said of a response of the edge. */
async function read(response: Response) {
  const client = createClient({
    baseUrl: 'http://edge.test',
    key: 'secret',
    fetch: async () => await Promise.resolve(response),
  });
  const parts: unknown[] = [];
  const question = questionOf('prefix', 'm', TURNS, SETTINGS);
  for await (const part of answerTo(client, question, new AbortController().signal)) parts.push(part);
  return parts;
}

const stream = (...data: readonly string[]) => new Response(data.map((part) => `data: ${part}\n\n`).join(''));

describe('a question', () => {
  it('is turns for a chat model', () => {
    const { operation, input } = questionOf('chat', 'm', TURNS, SETTINGS);
    expect([operation, input.body]).toEqual([
      'createChatCompletion',
      {
        model: 'm',
        ...SETTINGS,
        stream: true,
        logprobs: true,
        messages: [
          { role: 'user', content: 'Hello?' },
          { role: 'assistant', content: 'Yes?' },
          { role: 'user', content: 'Who?' },
        ],
      },
    ]);
  });

  it('is the whole dialogue as text for a model that is shown dialogues, up to the next question', () => {
    const { input } = questionOf('dialogue', 'm', TURNS, SETTINGS);
    expect(input.body).toMatchObject({
      prompt: '\n\nHuman: Hello?\n\nAssistant: Yes?\n\nHuman: Who?\n\nAssistant:',
      stop: '\n\nHuman:',
    });
  });

  it('is the newest text alone for a model that goes on with texts', () => {
    const { input } = questionOf('prefix', 'm', TURNS, SETTINGS);
    expect(input.body).toMatchObject({ prompt: 'Who?', logprobs: 0 });
    expect(input.body).not.toHaveProperty('stop');
  });
});

describe('an answer', () => {
  it('comes part by part, of either operation', async () => {
    const text = JSON.stringify({
      choices: [
        { text: 'It', logprobs: { tokens: ['I', 't'], token_logprobs: [-1, -2], text_offset: [0, 1] } },
      ],
    });
    const content = [{ token: ' is', logprob: -3, bytes: [], top_logprobs: [] }];
    const delta = JSON.stringify({ choices: [{ delta: { content: ' is' }, logprobs: { content } }] });
    const last = JSON.stringify({ choices: [{ delta: {}, logprobs: null, finish_reason: 'stop' }] });
    expect(await read(stream(text, delta, last, '[DONE]', text))).toEqual([
      {
        text: 'It',
        tokens: [
          { text: 'I', logProbability: -1 },
          { text: 't', logProbability: -2 },
        ],
      },
      { text: ' is', tokens: [{ text: ' is', logProbability: -3 }] },
      { text: '', tokens: [] },
    ]);
  });

  it('ends in what the model says of its failure, and in words where it breaks off', async () => {
    const failure = JSON.stringify({ error: { message: 'no room for this text', code: 'context' } });
    await expect(read(stream(failure))).rejects.toThrow('no room for this text');
    await expect(read(stream())).rejects.toThrow('The answer broke off. Ask again.');
    const refused = new Response(failure, { status: 400, headers: { 'content-type': 'application/json' } });
    await expect(read(refused)).rejects.toThrow(/^no room for this text$/);
  });
});

describe('how likely an answer is', () => {
  it('is asked of what the question was, and read token by token', async () => {
    const sent: unknown[] = [];
    const told = { model: 'm', tokens: [{ text: 'Me', logprob: -2 }], logprob: -2 };
    const client = createClient({
      baseUrl: 'http://edge.test',
      key: 'secret',
      fetch: async (request) => {
        sent.push(new URL(request.url).pathname, await request.json());
        return Response.json(told);
      },
    });
    const { signal } = new AbortController();
    const question = (form: 'chat' | 'prefix') => questionOf(form, 'm', TURNS, SETTINGS);
    expect(await likelihoodOf(client, question('prefix'), 'Me', signal)).toEqual([
      { text: 'Me', logProbability: -2 },
    ]);
    await likelihoodOf(client, question('chat'), 'Me', signal);
    const messages = TURNS.map(({ role, text }) => ({ role, content: text }));
    expect(sent).toEqual([
      '/v1/likelihoods',
      { model: 'm', prompt: 'Who?', answer: 'Me' },
      '/v1/likelihoods',
      { model: 'm', messages, answer: 'Me' },
    ]);
  });
});

describe('the tokens of two answers', () => {
  const said = (...tokens: readonly (readonly [string, number])[]) =>
    tokens.map(([text, logProbability]) => ({ text, logProbability }));

  it('are held against what the other model makes of them', () => {
    const own = said([' a', -1], [' dog', -2], [' ran', -3]);
    const other = said([' a', -1.5], [' dog', -0.5], [' ran', -0.25]);
    expect(comparedTokens(' a dog ran', own, other)).toEqual([
      { text: ' a', policy: -1, base: -1.5 },
      { text: ' dog', policy: -2, base: -0.5 },
      { text: ' ran', policy: -3, base: -0.25 },
    ]);
    // Cut otherwise, they meet where both have an end.
    const cut = said([' ', -1], ['a', -1], [' do', -1], ['g ran', -2]);
    expect(comparedTokens(' a dog ran', own, cut)).toEqual([
      { text: ' a', policy: -1, base: -2 },
      { text: ' dog ran', policy: -5, base: -3 },
    ]);
  });

  it('stand alone where the other model has not said what it makes of them', () => {
    const own = said([' a', -1], [' dog', -2]);
    const alone = [
      { text: ' a', policy: -1, base: Number.NaN },
      { text: ' dog', policy: -2, base: Number.NaN },
    ];
    expect(comparedTokens(' a dog', own, undefined)).toEqual(alone);
    expect(comparedTokens(' a dog', own, said([' a', -1]))).toEqual(alone);
  });

  it('that make a character together are one, and none where they are not the text', () => {
    const own = said(['', -1], ['é', -2], ['!', -1]);
    expect(comparedTokens('é!', own, [])?.map(({ policy }) => policy)).toEqual([-3, -1]);
    expect(comparedTokens('é?', own, [])).toBeUndefined();
    expect(comparedTokens('', [], [])).toBeUndefined();
  });
});
