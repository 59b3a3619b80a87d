/** The tensors of a checkpoint under the names of its family, joined where the family stores several as one. */
import type { Architecture } from '../llama/model/architecture.ts';
import { type LayerMatrixName, layerShapes } from '../llama/model/layer-matrices.ts';
import type { TensorNames } from '../llama/weights/families/family.ts';
import { layerPlace } from '../llama/weights/families/tensor-names.ts';
import { joinRows, type PlacedRows } from './joined-rows.ts';
import type { EndPart, MergedTensor, Rows } from './merged-tensors.ts';
import type { NamedTensor } from './safetensors-shards.ts';

export const HEAD_NAME = 'lm_head.weight';

const END_NAMES: Readonly<Record<EndPart, string>> = {
  embedding: 'model.embed_tokens.weight',
  norm: 'model.norm.weight',
  output: HEAD_NAME,
};

export function huggingFaceTensors(
  tensors: readonly MergedTensor[],
  architecture: Architecture,
  names: TensorNames,
): NamedTensor[] {
  const shapes = layerShapes(architecture);
  const joined = new Map<string, PlacedRows[]>();
  for (const tensor of tensors) {
    const { name, firstRow } =
      tensor.layer === null
        ? { name: END_NAMES[tensor.part], firstRow: 0 }
        : placeOf(tensor.layer, tensor.part);
    const stored = names.normsFromOne === true && /norm$/i.test(tensor.part) ? lessOne(tensor) : tensor;
    joined.set(name, [...(joined.get(name) ?? []), { ...stored, firstRow }]);
  }
  return [...joined].map(([name, parts]) => ({
    name,
    tensor: joinRows(parts),
  }));

  function placeOf(layer: number, part: LayerMatrixName): { name: string; firstRow: number } {
    const place = layerPlace(part, shapes, names);
    return { ...place, name: `model.layers.${layer}.${place.name}` };
  }
}

/** Norms of a family that stores their difference from one. */
function lessOne(tensor: Rows): Rows {
  return {
    ...tensor,
    rows: async (first, count) => (await tensor.rows(first, count)).map((value) => value - 1),
  };
}
