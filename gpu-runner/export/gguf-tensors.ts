/** The parts of a checkpoint under llama.cpp's names, joined where the family stores several as one. */
import type { Architecture } from '../llama/model/architecture.ts';
import { layerShapes } from '../llama/model/layer-matrices.ts';
import { fusedTensors, layerTensorNames } from '../llama/weights/gguf/tensors.ts';
import { joinRows, type PlacedRows } from './joined-rows.ts';
import type { EndPart, MergedTensor, Rows } from './merged-tensors.ts';

const END_NAMES: Readonly<Record<EndPart, string>> = {
  embedding: 'token_embd.weight',
  output: 'output.weight',
  norm: 'output_norm.weight',
};

/** @param fused whether the family's file joins query, key and value, and gate and up */
export function ggufTensors(
  tensors: readonly MergedTensor[],
  architecture: Architecture,
  fused: boolean,
): (Rows & { readonly name: string })[] {
  const shapes = layerShapes(architecture);
  const joined = new Map<string, PlacedRows[]>();
  for (const tensor of tensors) {
    const { name, firstRow } = placeOf(tensor);
    joined.set(name, [...(joined.get(name) ?? []), { ...tensor, firstRow }]);
  }
  return [...joined].map(([name, parts]) => {
    const { shape, rows } = joinRows(parts);
    return { name, shape, rows };
  });

  function placeOf(tensor: MergedTensor): { name: string; firstRow: number } {
    if (tensor.layer === null) return { name: END_NAMES[tensor.part], firstRow: 0 };
    const prefix = `blk.${tensor.layer}.`;
    const whole = fused ? fusedTensors.find(({ parts }) => parts.includes(tensor.part)) : undefined;
    if (whole === undefined) return { name: `${prefix}${layerTensorNames[tensor.part]}`, firstRow: 0 };
    const before = whole.parts.slice(0, whole.parts.indexOf(tensor.part));
    const firstRow = before.reduce((sum, part) => sum + (shapes[part]?.[0] ?? 0), 0);
    return { name: `${prefix}${whole.name}`, firstRow };
  }
}
