/** A made-up sentence encoder in a folder: random word and position embeddings, one mixing of the tokens, no training. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { normal } from '../../../shared/random.ts';
import { bertTokenizer, SPECIAL_WORDS } from '../tasks/judges/bert-tokenizer.ts';

const PLAIN = ['they', 'were', 'here', 'today', 'and', 'it', 'was', 'so'];
const NICE = ['polite', 'kind', 'warm'];
const BAD = ['rude', 'mean', 'cold'];
export const WORDS = [...SPECIAL_WORDS, ...PLAIN, ...NICE, ...BAD];
export const WIDTH = 24;
export const POSITIONS = 12;

/** The bytes of its .onnx file. Hidden states of padding are no zeros, so that a head that reads them shows. */
export function tinyEncoder(seed: number, extraInput?: string): Uint8Array {
  const graph = new Graph('encoder');
  const ids = graph.input('input_ids', 'int64', ['batch', 'length']);
  const mask = graph.input('attention_mask', 'int64', ['batch', 'length']);
  graph.input('token_type_ids', 'int64', ['batch', 'length']);
  if (extraInput !== undefined) graph.input(extraInput, 'int64', ['batch', 'length']);
  const table = (rows: number, stream: number) =>
    graph.constant(
      'float32',
      Array.from({ length: rows * WIDTH }, (_, place) => normal(seed, stream, place)),
      [rows, WIDTH],
    );
  const words = ops.gather(table(WORDS.length, 1), ids);
  const places = ops.gather(table(POSITIONS, 2), ops.range(graph, 'length'));
  const tokens = ops.add(words, ops.multiply(places, 0.1));
  const weights = ops.unsqueeze(ops.cast(mask, 'float32'), [2]);
  const sum = ops.reduceSum(ops.multiply(tokens, weights), { axes: [1], keep: true });
  graph.output('last_hidden_state', ops.tanh(ops.add(tokens, ops.multiply(sum, 0.1))));
  return serialiseGraph(graph);
}

export interface EncoderParts {
  readonly config: unknown;
  readonly tokenizerConfig: unknown;
  readonly tokenizer: unknown;
  readonly model: Uint8Array | null;
  readonly modelName: string;
}

/** Writes the folder; what `parts` has stands in the place of what is right. */
export function writeEncoder(folder: string, parts: Partial<EncoderParts> = {}): string {
  const all: EncoderParts = {
    config: {
      model_type: 'bert',
      architectures: ['BertModel'],
      max_position_embeddings: POSITIONS,
      pad_token_id: 0,
    },
    // "No limit", as many folders have it.
    tokenizerConfig: { tokenizer_class: 'BertTokenizer', model_max_length: 1e30, pad_token: '[PAD]' },
    tokenizer: bertTokenizer(WORDS, {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [],
      special_tokens: { '[CLS]': whole('[CLS]', 2), '[SEP]': whole('[SEP]', 3) },
    }),
    model: tinyEncoder(1),
    modelName: 'model.onnx',
    ...parts,
  };
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  const write = (name: string, value: unknown) => {
    if (value === undefined) return;
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  };
  write('config.json', all.config);
  write('tokenizer_config.json', all.tokenizerConfig);
  write('tokenizer.json', all.tokenizer);
  if (all.model !== null) writeFileSync(join(folder, 'onnx', all.modelName), all.model);
  return folder;
}

const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const whole = (id: string, number: number) => ({ id, ids: [number], tokens: [id] });

/** Texts of a few words, of which those with a bad word are positive. */
export function madeUpTexts(count: number, seed: number): { text: string; positive: boolean }[] {
  return Array.from({ length: count }, (_, row) => {
    const positive = row % 2 === 1;
    const draw = (from: readonly string[], place: number) =>
      from[Math.floor(Math.abs(normal(seed, row, place)) * 100) % from.length] ?? '';
    const plain = Array.from({ length: 2 + (row % 4) }, (_unused, place) => draw(PLAIN, place));
    return { text: [...plain, draw(positive ? BAD : NICE, 9)].join(' '), positive };
  });
}
