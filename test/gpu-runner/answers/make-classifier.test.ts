/** A classifier made of a made-up encoder: the folder is what transformers.js and the judge open, and faults have names. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dealtParts } from '../../../gpu-runner/algorithms/classifier/dealt-parts.ts';
import { positionLimit } from '../../../gpu-runner/answers/classifier/position-limit.ts';
import { makeClassifier } from '../../../gpu-runner/answers/make-classifier.ts';
import { classifierJudge } from '../../../gpu-runner/tasks/judges/classifier.ts';
import { Graph } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { classifierReport } from '../../../shared/classifier/classifier-report.ts';
import {
  madeUpTexts,
  POSITIONS,
  tinyEncoder,
  WIDTH,
  writeEncoder,
  type EncoderParts,
} from './tiny-encoder.ts';

const root = mkdtempSync(join(tmpdir(), 'rlcd-make-classifier-'));
afterAll(() => rmSync(root, { recursive: true }));
const newFolder = () => mkdtempSync(join(root, 'folder-'));

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const TEXTS = madeUpTexts(200, 1);
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];

async function made(seed = 1, encoder = writeEncoder(newFolder()), texts = TEXTS) {
  const folder = newFolder();
  const report = await makeClassifier({ encoder, folder, texts, labels: ['safe', 'harmful'], seed });
  return { folder, report };
}

describe('makeClassifier', () => {
  it('tells what it was made of and how it does on texts that it has not seen', async () => {
    const { folder, report } = await made();
    expect(classifierReport.parse(report)).toEqual(report);
    expect(report.encoder.width).toBe(WIDTH);
    expect(report.encoder.files.map(({ name }) => name)).toEqual(FILES);
    expect(report.files.map(({ name, bytes }) => [name, bytes])).toEqual(
      FILES.map((name) => [name, readFileSync(join(folder, name)).length]),
    );
    expect(report.fittedOn).toEqual({ n: 160, positiveShare: 0.5 });
    expect(report.heldOut.n).toBe(40);
    expect(report.heldOut.positiveShare).toBe(0.5);
    expect(report.heldOut.accuracy).toBeGreaterThan(0.9);
    expect(report.heldOut.areaUnderCurve).toBeGreaterThan(0.95);
    expect(report.heldOut.commonerLabelAccuracy).toBe(0.5);
    expect(report.heldOut.lengthAlone.areaUnderCurve).toBeLessThan(0.8);
    expect(report.crossValidation).toHaveLength(8);
    const losses = report.crossValidation.map(({ logLoss }) => logLoss);
    expect(report.crossValidation[losses.indexOf(Math.min(...losses))]?.penalty).toBe(report.penalty);
    expect(report.check.texts).toBe(40);
    expect(report.check.largestDifference).toBeLessThan(1e-5);
    expect(report.cutTexts).toBe(0);
  });

  it('writes a folder that transformers.js opens as a text classifier', async () => {
    const { folder } = await made();
    env.allowRemoteModels = false;
    env.localModelPath = root;
    const classify = await pipeline('text-classification', folder.slice(root.length + 1), {
      local_files_only: true,
      dtype: 'fp32',
    });
    const [first, second] = await classify(['they were kind', 'it was rude']);
    await classify.dispose();
    expect(first).toMatchObject({ label: 'safe' });
    expect(second).toMatchObject({ label: 'harmful' });
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'bert',
      architectures: ['BertForSequenceClassification'],
      id2label: { 0: 'safe', 1: 'harmful' },
    });
  });

  it('is a judge of the two labels, also of a text that is longer than the encoder has positions', async () => {
    const { folder } = await made();
    const pair = (first: string, second: string) => ({
      promptId: '0',
      prompt: 'p',
      first,
      second,
      ended: { first: true, second: true },
    });
    const pairs = [
      pair('they were kind', 'they were rude'),
      pair(`kind ${'so '.repeat(99)}`, `rude ${'so '.repeat(99)}`),
    ];
    const verdicts = async (label: string) => {
      const judge = await classifierJudge('harm', folder, label);
      const given = await judge.judge(pairs, new AbortController().signal);
      await judge.close();
      return given;
    };
    const [safe, harmful] = [await verdicts('safe'), await verdicts('harmful')];
    expect(safe.map(({ share }) => share)).toEqual([1, 1]);
    expect(harmful.map(({ share }) => share)).toEqual([0, 0]);
    expect((safe[0]?.firstScore ?? 0) + (harmful[0]?.firstScore ?? 0)).toBeCloseTo(1, 6);
  });

  it('cuts texts at the last position and counts them', async () => {
    const texts = TEXTS.map((one, row) =>
      row < 3 ? { ...one, text: `${one.text} ${'so '.repeat(40)}` } : one,
    );
    // With both ends a text of ten words fills the positions, and one of eleven is cut.
    texts[3] = { text: 'so so so so so so so so so polite', positive: false };
    texts[4] = { text: 'so so so so so so so so so polite it', positive: false };
    const { folder, report } = await made(1, undefined, texts);
    expect({ cut: report.cutTexts, maximum: report.maximumTokens }).toEqual({ cut: 4, maximum: POSITIONS });
    expect(JSON.parse(readFileSync(join(folder, 'tokenizer_config.json'), 'utf8'))).toMatchObject({
      model_max_length: POSITIONS,
    });
  });

  it('gives equal bytes and figures twice, and another split for another seed', async () => {
    const encoder = writeEncoder(newFolder());
    const [first, second, other] = [await made(1, encoder), await made(1, encoder), await made(2, encoder)];
    expect(second.report).toEqual(first.report);
    for (const name of FILES) {
      expect(readFileSync(join(second.folder, name))).toEqual(readFileSync(join(first.folder, name)));
    }
    expect(other.report.files.at(-1)?.sha256).not.toBe(first.report.files.at(-1)?.sha256);
  });

  it('fits on nothing that is held out', async () => {
    const encoder = writeEncoder(newFolder());
    const outcomes = TEXTS.map(({ positive }) => Number(positive));
    const part = dealtParts(outcomes, 5, 1, 'classifier-held-out');
    const changed = TEXTS.map(({ text, positive }, row) => ({
      text: part[row] === 0 ? 'so it was' : text,
      positive,
    }));
    const [first, second] = [await made(1, encoder), await made(1, encoder, changed)];
    expect(second.report.files).toEqual(first.report.files);
    expect(second.report.crossValidation).toEqual(first.report.crossValidation);
    expect(second.report.heldOut.areaUnderCurve).toBe(0.5);
  });

  it('takes the 8-bit export where there is no other', async () => {
    const encoder = writeEncoder(newFolder(), { modelName: 'model_quantized.onnx' });
    const { report } = await made(1, encoder);
    expect(report.encoder.files.at(-1)?.name).toBe('onnx/model_quantized.onnx');
  });
});

describe('an encoder that cannot be used', () => {
  const without = (output: string) => {
    const graph = new Graph('other');
    graph.output(output, graph.input('input_ids', 'int64', ['batch', 'length']));
    graph.input('attention_mask', 'int64', ['batch', 'length']);
    return serialiseGraph(graph);
  };

  it.each<[string, Partial<EncoderParts>, RegExp]>([
    [
      'no configuration',
      { config: undefined },
      /config\.json: cannot be read\. Give the folder of a sentence encoder/,
    ],
    [
      'a configuration that is none',
      { config: '[]' },
      /config\.json: is not a JSON object\. Give the folder/,
    ],
    [
      'a type of another kind',
      { config: { model_type: 'whisper' } },
      /model_type: is "whisper", of which transformers\.js makes no text classifier\. Give an encoder of one of these types: bert, /,
    ],
    ['no type', { config: {} }, /model_type: is missing/],
    ['no tokenizer', { tokenizer: undefined }, /tokenizer\.json: cannot be read\. /],
    ['a tokenizer that is none', { tokenizer: {} }, /tokenizer\.json: cannot be opened: .*Fetch it again/],
    [
      'no settings of the tokenizer',
      { tokenizerConfig: undefined },
      /tokenizer_config\.json: cannot be read\. /,
    ],
    ['no model', { model: null }, /model_quantized\.onnx: cannot be read\. Give the folder/],
    [
      'a broken model',
      { model: Uint8Array.of(1, 2, 3) },
      /model\.onnx: The model file is broken.*Give a sentence encoder as it is exported for feature extraction/,
    ],
    [
      'an input that nobody feeds',
      { model: tinyEncoder(1, 'position_ids') },
      /inputs: reads input_ids, attention_mask, token_type_ids, position_ids; a text classifier is fed input_ids, attention_mask, token_type_ids\. Give a sentence/,
    ],
    [
      'an output of another kind',
      { model: without('pooler_output') },
      /outputs: gives pooler_output; an encoder gives last_hidden_state and no logits/,
    ],
    ['a classifier', { model: without('logits') }, /outputs: gives logits; an encoder gives/],
  ])('%s', async (_, parts, fault) => {
    await expect(made(1, writeEncoder(newFolder(), parts))).rejects.toThrow(fault);
  });

  it('hidden states in 16 bits', async () => {
    const graph = new Graph('half');
    const ids = graph.input('input_ids', 'int64', ['batch', 'length']);
    graph.input('attention_mask', 'int64', ['batch', 'length']);
    graph.output('last_hidden_state', ops.cast(ops.unsqueeze(ids, [2]), 'float16'));
    const encoder = writeEncoder(newFolder(), { model: serialiseGraph(graph) });
    await expect(made(1, encoder)).rejects.toThrow(
      /last_hidden_state: gives hidden states that are no float32 numbers.*Take its export in 32 or in 8 bits/,
    );
  });

  it('weights in a second file', async () => {
    const encoder = writeEncoder(newFolder());
    writeFileSync(join(encoder, 'onnx', 'model.onnx_data'), 'weights');
    await expect(made(1, encoder)).rejects.toThrow(
      /model\.onnx: keeps its weights in a second file\. Take a smaller/,
    );
  });
});

describe('positionLimit', () => {
  it.each([
    [{ max_position_embeddings: 512 }, { model_max_length: 256 }, 256],
    [{ max_position_embeddings: 512 }, { model_max_length: 1e30 }, 512],
    [{ max_position_embeddings: 512 }, {}, 512],
    [
      { model_type: 'roberta', max_position_embeddings: 514, pad_token_id: 1 },
      { model_max_length: 514 },
      512,
    ],
    [{ model_type: 'mpnet', max_position_embeddings: 514 }, {}, 512],
    [{}, { model_max_length: -1 }, 512],
  ])('%j %j', (config, tokenizerConfig, limit) => {
    expect(positionLimit(config, tokenizerConfig)).toBe(limit);
  });
});

const REAL = process.env['SENTENCE_ENCODER'];

it.skipIf(REAL === undefined)(
  'a real encoder (SENTENCE_ENCODER names its folder) tells kitchens from weather',
  async () => {
    const things = ['soup', 'bread', 'rice', 'cake', 'sauce', 'rain', 'snow', 'wind', 'fog', 'hail'];
    const texts = Array.from({ length: 120 }, (_, row) => {
      const thing = things[row % 10] ?? '';
      return { text: `Note ${row}: tell me about the ${thing} of day ${row * 7}`, positive: row % 10 >= 5 };
    });
    const { report } = await made(1, REAL, texts);
    expect(report.heldOut.accuracy).toBeGreaterThan(0.9);
    expect(report.check.largestDifference).toBeLessThan(1e-5);
  },
);
