/** How the page asks a model in each form, and how it reads what comes back. */
import { describe, expect, it } from 'vitest';
import { createClient } from '../../../shared/api/client.ts';
import { answerTo, questionOf, type Turn } from '../../../edge/dashboard/pages/experiment/try/ask.ts';

const SETTINGS = { temperature: 0.5, seed: 3, max_tokens: 8 };
const TURNS: readonly Turn[] = [
  { role: 'user', text: 'Hello?' },
  { role: 'assistant', text: 'Yes?' },
  { role: 'user', text: 'Who?' },
];

/** What is said of a response of the edge. */
async function read(response: Response): Promise<string[]> {
  const client = createClient({
    baseUrl: 'http://edge.test',
    key: 'secret',
    fetch: async () => await Promise.resolve(response),
  });
  const parts: string[] = [];
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
    expect(input.body).toMatchObject({ prompt: 'Who?' });
    expect(input.body).not.toHaveProperty('stop');
  });
});

describe('an answer', () => {
  it('comes part by part, of either operation', async () => {
    const text = JSON.stringify({ choices: [{ text: 'It' }] });
    const delta = JSON.stringify({ choices: [{ delta: { content: ' is' } }] });
    expect(await read(stream(text, delta, '[DONE]', text))).toEqual(['It', ' is']);
  });

  it('ends in what the model says of its failure, and in words where it breaks off', async () => {
    const failure = JSON.stringify({ error: { message: 'no room for this text', code: 'context' } });
    await expect(read(stream(failure))).rejects.toThrow('no room for this text');
    await expect(read(stream())).rejects.toThrow('The answer broke off. Ask again.');
    const refused = new Response(failure, { status: 400, headers: { 'content-type': 'application/json' } });
    await expect(read(refused)).rejects.toThrow(/^no room for this text$/);
  });
});
