/** A base in fp32 as the source of a conversion: a model trained here becomes an 8-bit base. */
import { layerShapes } from '../model/layer-matrices.ts';
import type { OpenedCheckpoint } from './huggingface-folder.ts';
import type { BaseFile } from './base-file.ts';
import { layerTensorsOf, partsOf } from './layer-tensors.ts';
import type { SourceLayer, SourceMatrix } from './weight-source.ts';

/** The weights of a base as checkpoints hold them: [out, in], fused matrices taken apart. Reads a matrix whole. */
export function baseSource(base: BaseFile): OpenedCheckpoint {
  const { architecture } = base;
  const { vocabularySize, hiddenSize, tiedEmbedding } = architecture;
  const shapes = layerShapes(architecture);
  const byRow = (name: string, rows: number, columns: number): SourceMatrix => ({
    rows,
    columns,
    read: async (first, count) =>
      (await base.readDequantised(name)).subarray(first * columns, (first + count) * columns),
  });
  const piece = (name: string, columns: number, firstElement: number): SourceMatrix => ({
    rows: 1,
    columns,
    read: async () => (await base.readFloat32(name)).subarray(firstElement, firstElement + columns),
  });
  const byColumn = (name: string, rows: number, columns: number, firstColumn = 0): SourceMatrix => ({
    rows,
    columns,
    read: async (first, count) => {
      const width = base.region(name).shape[1] ?? 0;
      const values = await base.readDequantised(name);
      const rowsOfChannels = new Float32Array(count * columns);
      for (let row = 0, index = 0; row < count; row++) {
        const channel = firstColumn + first + row;
        for (let column = 0; column < columns; column++, index++) {
          rowsOfChannels[index] = values[column * width + channel] ?? 0;
        }
      }
      return rowsOfChannels;
    },
  });
  const tensors = layerTensorsOf(architecture);
  const layers = Array.from({ length: architecture.layers }, (_, layer) => {
    const parts = tensors.flatMap((tensor) => {
      let before = 0;
      return tensor.parts.map((part, index) => {
        const [rows, columns] = partsOf(tensor, shapes)[index] ?? [0, 0];
        const first = before;
        before += tensor.kind === 'linear' ? rows : columns;
        const name = `layers.${layer}.${tensor.name}`;
        const matrix =
          tensor.kind === 'linear'
            ? byColumn(`${name}.weight`, rows, columns, first)
            : piece(name, columns, first);
        return [part, matrix] as const;
      });
    });
    return Object.fromEntries(parts) as SourceLayer;
  });
  return {
    source: {
      architecture,
      embedding: byRow('embedding.weight', vocabularySize, hiddenSize),
      layers,
      norm: byRow('norm.weight', 1, hiddenSize),
      output: tiedEmbedding ? null : byColumn('output.weight', vocabularySize, hiddenSize),
    },
    close: async () => {},
  };
}
