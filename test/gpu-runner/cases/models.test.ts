/** Folders that were refused or misread once open as transformers opens them: its logits, ids and ends. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCompanions } from '../../../gpu-runner/llama/tokenizer/companions.ts';
import { tokenizerOf } from '../../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { importModel } from '../../../gpu-runner/llama/weights/import-model.ts';
import { tinyConfiguration } from '../algorithms/tiny-model.ts';
import { logitsAt } from '../llama/weights/families/all-logits.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';
import { goldens, shared } from './cases.ts';

const cacheDirectory = temporaryFolder();

describe.each(Object.entries(goldens.models))('%s', (name, { folder, tokens, logits, ids, eos }) => {
  test('answers as in transformers', async (context) => {
    const source = shared(`cases/${name}/${folder}`, context);
    const { base, tokenizer } = await importModel(source, { cacheDirectory, precision: 'fp32' });
    const [last = []] = await logitsAt(base, tokens, [tokens.length - 1]);
    const found = Array.from(last.slice(0, 1600)).filter((_, token) => token % 25 === 0);
    const worst = Math.max(...found.map((value, place) => Math.abs(value - (logits[place] ?? Number.NaN))));
    expect(found).toHaveLength(logits.length);
    expect(worst).toBeLessThan(1e-4);
    expect(goldens.texts.map((text) => Array.from(tokenizer.encode(text)))).toEqual(ids);
    expect(eos === null || tokenizer.eosTokens.includes(eos)).toBe(true);
  });
});

test('added-token-beyond: only a text that uses the token is refused, by its name', async (context) => {
  const source = shared('cases/added-token-beyond/model', context);
  const { tokenizer, architecture } = await importModel(source, { cacheDirectory });
  const { added_tokens: added } = JSON.parse(readFileSync(path.join(source, 'tokenizer.json'), 'utf8')) as {
    added_tokens: { id: number; content: string }[];
  };
  const beyond = added.find(({ id }) => id >= architecture.vocabularySize)?.content ?? '';
  expect(beyond).not.toBe('');
  expect(() => tokenizer.encode(`a ${beyond}`)).toThrow(`${JSON.stringify(beyond)}: is token`);
});

test('model-identity: equal weights under another configuration are another model', async (context) => {
  const source = shared('cases/stop-merged-newline/model', context);
  const identities = [];
  for (const config of ['config-plain.json', 'config-linear8.json']) {
    const folder = temporaryFolder();
    cpSync(source, folder, { recursive: true });
    writeFileSync(
      path.join(folder, 'config.json'),
      readFileSync(shared(`cases/model-identity/${config}`, context)),
    );
    const { base } = await importModel(folder, { cacheDirectory });
    identities.push([base.sha256, base.identity]);
  }
  expect(identities[0]?.[0]).toBe(identities[1]?.[0]);
  expect(identities[0]?.[1]).not.toBe(identities[1]?.[1]);
});

test('unigram-byte-fallback: characters without a piece are their bytes', async (context) => {
  const folder = shared('cases/unigram-byte-fallback/tokenizer', context);
  const tokenizer = tokenizerOf(await readCompanions(folder), { ...tinyConfiguration, vocabularySize: 4096 });
  expect(goldens.texts.map((text) => Array.from(tokenizer.encode(text)))).toEqual(goldens.unigram);
});
