/** The tensors of a GGUF model by the names of the architecture record. */
import {
  layerShapes,
  type LayerMatrixName,
  layerMatrixNames,
  type Shape,
} from '../../model/layer-matrices.ts';
import type { SourceLayer, SourceMatrix, WeightSource } from '../weight-source.ts';
import type { GgufArchitecture } from './architecture.ts';
import { undoInterleaving, undoInterleavingOfVector } from './interleaved-rows.ts';

/** A tensor by its name, checked against the shape that it must have. */
export type OpenMatrix = (name: string, rows: number, columns: number) => SourceMatrix;

/** Names after `blk.N.`. */
export const layerTensorNames: Readonly<Record<LayerMatrixName, string>> = {
  attentionNorm: 'attn_norm.weight',
  query: 'attn_q.weight',
  key: 'attn_k.weight',
  value: 'attn_v.weight',
  queryBias: 'attn_q.bias',
  keyBias: 'attn_k.bias',
  valueBias: 'attn_v.bias',
  queryNorm: 'attn_q_norm.weight',
  keyNorm: 'attn_k_norm.weight',
  attentionOutput: 'attn_output.weight',
  attentionOutputBias: 'attn_output.bias',
  attentionAfterNorm: 'post_attention_norm.weight',
  feedForwardNorm: 'ffn_norm.weight',
  gate: 'ffn_gate.weight',
  up: 'ffn_up.weight',
  gateBias: 'ffn_gate.bias',
  upBias: 'ffn_up.bias',
  down: 'ffn_down.weight',
  downBias: 'ffn_down.bias',
  feedForwardAfterNorm: 'post_ffw_norm.weight',
};

/** Tensors that some families hold as one, in the order of its rows. */
export const fusedTensors: readonly { readonly name: string; readonly parts: readonly LayerMatrixName[] }[] =
  [
    { name: 'attn_qkv.weight', parts: ['query', 'key', 'value'] },
    { name: 'attn_qkv.bias', parts: ['queryBias', 'keyBias', 'valueBias'] },
    { name: 'ffn_up.weight', parts: ['gate', 'up'] },
  ];

export function weightSource({ architecture, family }: GgufArchitecture, open: OpenMatrix): WeightSource {
  const { vocabularySize, hiddenSize, headSize, tiedEmbedding } = architecture;
  const shapes = Object.entries(layerShapes(architecture)) as [LayerMatrixName, Shape][];
  const layer = (index: number): SourceLayer => {
    const matrices = new Map<LayerMatrixName, SourceMatrix>();
    const shapeOf = new Map(shapes);
    for (const { name, parts } of family.fused ? fusedTensors : []) {
      for (const [part, matrix] of split(`blk.${index}.${name}`, parts, shapeOf, open))
        matrices.set(part, matrix);
    }
    for (const [name, [rows, columns]] of shapes) {
      if (matrices.has(name)) continue;
      matrices.set(name, open(`blk.${index}.${layerTensorNames[name]}`, rows, columns));
    }
    if (family.interleaved) {
      replace(matrices, ['query', 'key'], (matrix) => undoInterleaving(matrix, headSize));
      replace(matrices, ['queryBias', 'keyBias'], (bias) => undoInterleavingOfVector(bias, headSize));
    }
    const ordered = layerMatrixNames.flatMap((name) => {
      const matrix = matrices.get(name);
      return matrix === undefined ? [] : [[name, matrix]];
    });
    return Object.fromEntries(ordered) as SourceLayer;
  };
  return {
    architecture,
    embedding: open('token_embd.weight', vocabularySize, hiddenSize),
    layers: Array.from({ length: architecture.layers }, (_, index) => layer(index)),
    norm: open('output_norm.weight', 1, hiddenSize),
    output: tiedEmbedding ? null : open('output.weight', vocabularySize, hiddenSize),
  };
}

function replace(
  matrices: Map<LayerMatrixName, SourceMatrix>,
  names: readonly LayerMatrixName[],
  by: (matrix: SourceMatrix) => SourceMatrix,
): void {
  for (const name of names) {
    const matrix = matrices.get(name);
    if (matrix !== undefined) matrices.set(name, by(matrix));
  }
}

/** The parts of a fused tensor; none where the architecture has not all of them. */
function split(
  name: string,
  parts: readonly LayerMatrixName[],
  shapes: ReadonlyMap<LayerMatrixName, Shape>,
  open: OpenMatrix,
): [LayerMatrixName, SourceMatrix][] {
  const known = parts.flatMap((part) => {
    const shape = shapes.get(part);
    return shape === undefined ? [] : [{ part, rows: shape[0], columns: shape[1] }];
  });
  const [first] = known;
  if (first === undefined || known.length < parts.length) return [];
  if (first.rows === 1) return splitVector(open(name, 1, sum(known.map(({ columns }) => columns))), known);
  const whole = open(name, sum(known.map(({ rows }) => rows)), first.columns);
  let before = 0;
  return known.map(({ part, rows, columns }) => {
    const offset = before;
    before += rows;
    return [part, { rows, columns, read: (row, count) => whole.read(offset + row, count) }];
  });
}

function splitVector(
  whole: SourceMatrix,
  parts: readonly { readonly part: LayerMatrixName; readonly columns: number }[],
): [LayerMatrixName, SourceMatrix][] {
  let before = 0;
  return parts.map(({ part, columns }) => {
    const offset = before;
    before += columns;
    const read = async (): Promise<Float32Array> => (await whole.read(0, 1)).slice(offset, offset + columns);
    return [part, { rows: 1, columns, read }];
  });
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
