/** A base in fp32 as the source of a conversion: a model trained here becomes an 8-bit base. */
import { layerShapes } from '../model/layer-matrices.ts';
import type { OpenedCheckpoint } from './huggingface-folder.ts';
import type { BaseFile } from './base-file.ts';
import { type SourceMatrix } from './weight-source.ts';

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
  const layers = Array.from({ length: architecture.layers }, (_, layer) => {
    const attention = `layers.${layer}.attention`;
    const feedForward = `layers.${layer}.feedForward`;
    const [queryRows] = shapes.query;
    const [keyRows] = shapes.key;
    return {
      attentionNorm: byRow(`${attention}.norm.weight`, ...shapes.attentionNorm),
      query: byColumn(`${attention}.qkv.weight`, ...shapes.query),
      key: byColumn(`${attention}.qkv.weight`, ...shapes.key, queryRows),
      value: byColumn(`${attention}.qkv.weight`, ...shapes.value, queryRows + keyRows),
      attentionOutput: byColumn(`${attention}.output.weight`, ...shapes.attentionOutput),
      feedForwardNorm: byRow(`${feedForward}.norm.weight`, ...shapes.feedForwardNorm),
      gate: byColumn(`${feedForward}.gateUp.weight`, ...shapes.gate),
      up: byColumn(`${feedForward}.gateUp.weight`, ...shapes.up, architecture.intermediateSize),
      down: byColumn(`${feedForward}.down.weight`, ...shapes.down),
    };
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
