/** A classifier of a local folder as judge: a made-up model whose every word has a known weight. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifierJudge } from '../../../../gpu-runner/tasks/judges/classifier.ts';
import { Graph } from '../../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../../gpu-runner/tensor/serialise.ts';
import { bertTokenizer, SPECIAL_WORDS } from './bert-tokenizer.ts';

const WORDS = [...SPECIAL_WORDS, 'they', 'were', 'polite', 'rude'];
/** Logits that a word adds to RUDE and to POLITE, before the mean over the text. */
const WEIGHTS: Readonly<Record<string, readonly [number, number]>> = { polite: [0, 8], rude: [8, 0] };

const folder = mkdtempSync(join(tmpdir(), 'rlcd-classifier-'));
const place = join(folder, 'tone');
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, value: unknown) => writeFileSync(join(place, name), JSON.stringify(value));

beforeAll(() => {
  mkdirSync(join(place, 'onnx'), { recursive: true });
  const graph = new Graph('classifier');
  const table = graph.constant(
    'float32',
    WORDS.flatMap((word) => WEIGHTS[word] ?? [0, 0]),
    [WORDS.length, 2],
  );
  const ids = graph.input('input_ids', 'int64', ['batch', 'length']);
  graph.output('logits', ops.reduceMean(ops.gather(table, ids), { axes: [1], keep: false }));
  writeFileSync(join(place, 'onnx', 'model.onnx'), serialiseGraph(graph));
  const labels = { 0: 'RUDE', 1: 'POLITE' };
  write('config.json', {
    model_type: 'bert',
    architectures: ['BertForSequenceClassification'],
    id2label: labels,
    label2id: { RUDE: 0, POLITE: 1 },
  });
  write('tokenizer_config.json', { tokenizer_class: 'BertTokenizer', model_max_length: 64 });
  write('tokenizer.json', bertTokenizer(WORDS));
});

const signal = new AbortController().signal;
const ended = { first: true, second: true };
const pair = (first: string, second: string) => ({ promptId: '0', prompt: 'p', first, second, ended });

describe('the classifier judge', () => {
  it('scores a response by the probability of the label, and the higher score wins', async () => {
    const judge = await classifierJudge('tone', place, 'POLITE');
    const verdicts = await judge.judge(
      [pair('they were polite', 'they were rude'), pair('rude', 'they'), pair('polite', 'polite')],
      signal,
    );
    await judge.close();
    expect(judge).toMatchObject({ name: 'tone', orders: 'single-text' });
    expect(verdicts.map(({ share }) => share)).toEqual([1, 0, 0.5]);
    // Three words, one of them polite: logits 0 and 8/3.
    expect(verdicts[0]?.firstScore).toBeCloseTo(1 / (1 + Math.exp(-8 / 3)), 5);
    expect(verdicts[0]?.secondScore).toBeCloseTo(1 / (1 + Math.exp(8 / 3)), 5);
    expect(verdicts[1]?.secondScore).toBeCloseTo(0.5, 5);
  });

  it('says what is missing: the folder, the model, the label', async () => {
    await expect(classifierJudge('tone', join(folder, 'none'), 'POLITE')).rejects.toThrow(/is no folder/);
    mkdirSync(join(folder, 'empty'));
    await expect(classifierJudge('tone', join(folder, 'empty'), 'POLITE')).rejects.toThrow(
      /cannot be opened as a text classifier/,
    );
    const judge = await classifierJudge('tone', place, 'KIND');
    await expect(judge.judge([pair('rude', 'they')], signal)).rejects.toThrow(
      /no label "KIND"; it has: (RUDE, POLITE|POLITE, RUDE)/,
    );
    await judge.close();
  });
});
