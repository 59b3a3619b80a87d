/** How a base fuses the tensors of a layer, in file order: layout, conversion and the way back read this one table. */
import {
  type LayerMatrixName,
  type LinearName,
  layerShapes,
  type OfLayer,
  type Shape,
} from '../model/layer-matrices.ts';
import type { Architecture } from '../model/architecture.ts';

/** A tensor of the base's layers: linear layers side by side by their outputs, or vectors one after the other. */
export type LayerTensor = { readonly name: string } & (
  | { readonly kind: 'linear'; readonly parts: readonly LinearName[] }
  | { readonly kind: 'vector'; readonly parts: readonly LayerMatrixName[] }
);

const linear = (name: string, ...parts: LinearName[]): LayerTensor => ({ name, kind: 'linear', parts });
const vector = (name: string, ...parts: LayerMatrixName[]): LayerTensor => ({ name, kind: 'vector', parts });

const layerTensors: readonly LayerTensor[] = [
  vector('attention.norm.weight', 'attentionNorm'),
  linear('attention.qkv', 'query', 'key', 'value'),
  vector('attention.qkv.bias', 'queryBias', 'keyBias', 'valueBias'),
  vector('attention.queryNorm.weight', 'queryNorm'),
  vector('attention.keyNorm.weight', 'keyNorm'),
  linear('attention.output', 'attentionOutput'),
  vector('attention.output.bias', 'attentionOutputBias'),
  vector('attention.afterNorm.weight', 'attentionAfterNorm'),
  vector('feedForward.norm.weight', 'feedForwardNorm'),
  linear('feedForward.gateUp', 'gate', 'up'),
  vector('feedForward.gateUp.bias', 'gateBias', 'upBias'),
  linear('feedForward.down', 'down'),
  vector('feedForward.down.bias', 'downBias'),
  vector('feedForward.afterNorm.weight', 'feedForwardAfterNorm'),
];

/** The tensors that layers of this architecture have. */
export function layerTensorsOf(architecture: Architecture): LayerTensor[] {
  const shapes = layerShapes(architecture);
  return layerTensors.filter(({ parts }) => parts.every((part) => shapes[part] !== undefined));
}

/** What `things` has for each part of a tensor. @throws RangeError where one is missing */
export function partsOf<Thing>({ name, parts }: LayerTensor, things: OfLayer<Thing>): Thing[] {
  return parts.map((part) => {
    const thing = things[part];
    if (thing === undefined) throw new RangeError(`${name}: the layer has no ${part}`);
    return thing;
  });
}

/** Numbers of a vector, or [inputs, outputs] of a linear layer. */
export function fusedShape(
  tensor: LayerTensor,
  shapes: OfLayer<Shape>,
): readonly [number] | readonly [number, number] {
  const parts = partsOf(tensor, shapes);
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  if (tensor.kind === 'vector') return [sum(parts.map(([, columns]) => columns))];
  const [[, inputs] = [0, 0]] = parts;
  return [inputs, sum(parts.map(([rows]) => rows))];
}
