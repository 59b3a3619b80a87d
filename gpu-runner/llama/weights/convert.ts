/** Converts the weights of a LLaMA to a base, streaming: in memory are one fused matrix and a few rows of its source. */
import { MatrixSink } from './matrix-sink.ts';
import type { SourceLayer, SourceMatrix, WeightSource } from './weight-source.ts';
import type { BaseWriter } from './base-writer.ts';

/** Elements of the source read at a time: 4 MiB in fp32. */
const CHUNK_ELEMENTS = 1 << 20;

/** Writes every tensor of `source` to `writer`, which the caller finishes or aborts. */
export async function convertWeights(source: WeightSource, writer: BaseWriter): Promise<void> {
  await convertMatrix(writer, 'embedding', [source.embedding]);
  for (const [layer, matrices] of source.layers.entries())
    await convertLayer(writer, `layers.${layer}`, matrices);
  await convertNorm(writer, 'norm', source.norm);
  const output = source.output ?? (writer.precision === 'int8' ? source.embedding : null);
  if (output !== null) await convertMatrix(writer, 'output', [output]);
}

async function convertLayer(writer: BaseWriter, prefix: string, layer: SourceLayer): Promise<void> {
  await convertNorm(writer, `${prefix}.attention.norm`, layer.attentionNorm);
  await convertMatrix(writer, `${prefix}.attention.qkv`, [layer.query, layer.key, layer.value]);
  await convertMatrix(writer, `${prefix}.attention.output`, [layer.attentionOutput]);
  await convertNorm(writer, `${prefix}.feedForward.norm`, layer.feedForwardNorm);
  await convertMatrix(writer, `${prefix}.feedForward.gateUp`, [layer.gate, layer.up]);
  await convertMatrix(writer, `${prefix}.feedForward.down`, [layer.down]);
}

async function convertNorm(writer: BaseWriter, name: string, norm: SourceMatrix): Promise<void> {
  await writer.write(`${name}.weight`, await norm.read(0, 1));
}

/** @param parts matrices whose output channels follow one another in the fused matrix */
async function convertMatrix(
  writer: BaseWriter,
  name: string,
  parts: readonly SourceMatrix[],
): Promise<void> {
  const sink = new MatrixSink(writer, name);
  let channel = 0;
  for (const part of parts) {
    const step = Math.max(1, Math.floor(CHUNK_ELEMENTS / part.columns));
    for (let row = 0; row < part.rows; row += step) {
      const count = Math.min(step, part.rows - row);
      await sink.add(await part.read(row, count), channel + row);
    }
    channel += part.rows;
  }
  await sink.close();
}
