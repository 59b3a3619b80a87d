/** Sampling for clients without a process between: answers part by part, and work that ends when nobody waits for it. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { onDevice } from '../../../gpu-runner/llama/backends/open-model.ts';
import { AnswerText } from '../../../gpu-runner/serve/answer-text.ts';
import { readAnswer } from '../../../gpu-runner/serve/read-answer.ts';
import { sampleJob } from '../../../gpu-runner/serve/sample.ts';
import type { Delta, SamplingJob, ServedModel } from '../../../gpu-runner/serve/sampling-calls.ts';
import { ServedModels } from '../../../gpu-runner/serve/served-models.ts';

const cacheDirectory = await mkdtemp(path.join(tmpdir(), 'serve-'));
const models = new ServedModels({
  cacheDirectory,
  device: 'cpu',
  ready: async (imported) => await onDevice(imported, 'cpu', cacheDirectory),
});
const MODEL: ServedModel = { source: 'bundled', identity: null, adapterFile: null };
const JOB: SamplingJob = {
  id: 'job',
  model: MODEL,
  prompt: { text: 'Once upon a time' },
  choices: 2,
  maximumNewTokens: 150,
  seed: 1,
  temperature: 1,
  topP: 1,
  stops: [],
};

test('a job that nobody waits for ends after the run of the engine that is under way', async () => {
  const gone = new AbortController();
  let told = 0;
  const work = models.with(
    MODEL,
    async (open) =>
      await sampleJob(
        open,
        JOB,
        () => {
          told += 1;
          gone.abort(new Error('gone'));
        },
        gone.signal,
      ),
  );
  await expect(work).rejects.toThrow('gone');
  expect(told).toBe(1);
});

test('an answer is as likely when it is read as when it was drawn, and less behind another prompt', async () => {
  const { signal } = new AbortController();
  const deltas: Delta[] = [];
  const job = { ...JOB, choices: 1, maximumNewTokens: 24 };
  const read = async (prompt: string, answer: string) =>
    await models.with(
      MODEL,
      async (open) => await readAnswer(open, { model: MODEL, prompt: { text: prompt }, answer }),
    );
  await models.with(
    MODEL,
    async (open) => await sampleJob(open, job, (some) => deltas.push(...some), signal),
  );
  const drawn = deltas.flatMap(({ tokens }) => tokens);
  const text = deltas.map((delta) => delta.text).join('');
  const tokens = await read('Once upon a time', text);
  expect(tokens.map((token) => token.text)).toEqual(drawn.map((token) => token.text));
  for (const [index, { logProbability }] of tokens.entries())
    expect(logProbability).toBeCloseTo(drawn[index]?.logProbability ?? Number.NaN, 3);
  const sum = (some: readonly { readonly logProbability: number }[]) =>
    some.reduce((total, { logProbability }) => total + logProbability, 0);
  expect(sum(await read('The bill was paid in full by', text))).toBeLessThan(sum(tokens));
  await expect(read('Once', ' word'.repeat(3000))).rejects.toThrow(/the context holds/);
});

test('where every answer has met its stop text, nothing more is drawn', async () => {
  const { signal } = new AbortController();
  const deltas: Delta[] = [];
  const usage = await models.with(
    MODEL,
    async (open) => await sampleJob(open, { ...JOB, stops: [' '] }, (some) => deltas.push(...some), signal),
  );
  expect(usage.completionTokens).toBeLessThan(80);
  expect(deltas.filter(({ finish }) => finish === 'stop')).toHaveLength(2);
  expect(deltas.map(({ text }) => text).join('')).not.toContain(' ');
});

test('text in parts is the text of the whole, however tokens are dealt to parts', async () => {
  await models.with(MODEL, async ({ model: { tokenizer } }) => {
    const prompt = tokenizer.encode('It said');
    const written = ' "naïve 你好 🙂" and\n left…';
    const both = tokenizer.encode(`It said${written}`);
    expect(both.slice(0, prompt.length)).toEqual(prompt);
    const tokens = Array.from(both.slice(prompt.length));
    for (let size = 1; size <= tokens.length; size++) {
      const answer = new AnswerText(tokenizer, prompt, []);
      const parts: string[] = [];
      for (let start = 0; start < tokens.length; start += size) {
        const part = tokens.slice(start, start + size);
        parts.push(
          answer.push(
            part,
            part.map(() => -1),
            start + size >= tokens.length,
          ).text,
        );
      }
      expect(parts.join('')).toBe(written);
      expect(parts.every((part) => !part.includes('\u{fffd}'))).toBe(true);
    }
  });
});

test('nothing of a stop text is told, wherever parts are cut; half a character at the end shows as such', async () => {
  await models.with(MODEL, async ({ model: { tokenizer } }) => {
    const prompt = tokenizer.encode('It said');
    const tokens = Array.from(tokenizer.encode('It said yes and no, then left')).slice(prompt.length);
    for (let size = 1; size <= tokens.length; size++) {
      const answer = new AnswerText(tokenizer, prompt, [', then', 'nowhere']);
      let text = '';
      let stopped = false;
      for (let start = 0; start < tokens.length; start += size) {
        const part = tokens.slice(start, start + size);
        const told = answer.push(
          part,
          part.map(() => -1),
          start + size >= tokens.length,
        );
        text += told.text;
        ({ stopped } = told);
      }
      expect([text, stopped]).toEqual([' yes and no', true]);
    }
    const cut = Array.from(tokenizer.encode('It said 🙂')).slice(prompt.length, -1);
    const answer = new AnswerText(tokenizer, prompt, []);
    expect(
      answer.push(
        cut,
        cut.map(() => -1),
        true,
      ).text,
    ).toMatch(/\u{fffd}$/u);
  });
});
