/** Converts the weights of a LLaMA to a base, streaming: in memory are one fused matrix and a few rows of its source. */
import { MatrixSink } from './matrix-sink.ts';
import { layerTensorsOf, partsOf } from './layer-tensors.ts';
import type { SourceMatrix, WeightSource } from './weight-source.ts';
import { Scratch } from './scratch.ts';
import type { BaseWriter } from './base-writer.ts';

/** Elements of the source read at a time: 4 MiB in fp32. */
const CHUNK_ELEMENTS = 1 << 20;

/** Writes every tensor of `source` to `writer`, which the caller finishes or aborts. */
export async function convertWeights(source: WeightSource, writer: BaseWriter): Promise<void> {
  const scratch = new Scratch();
  await convertMatrix(writer, 'embedding', [source.embedding], scratch);
  const tensors = layerTensorsOf(source.architecture);
  for (const [layer, matrices] of source.layers.entries()) {
    for (const tensor of tensors) {
      const name = `layers.${layer}.${tensor.name}`;
      const convert = tensor.kind === 'linear' ? convertMatrix : convertVector;
      await convert(writer, name, partsOf(tensor, matrices), scratch);
    }
  }
  await convertVector(writer, 'norm.weight', [source.norm], scratch);
  const output = source.output ?? (writer.precision === 'int8' ? source.embedding : null);
  if (output !== null) await convertMatrix(writer, 'output', [output], scratch);
}

/** @param parts vectors that follow one another in the fused one */
async function convertVector(
  writer: BaseWriter,
  name: string,
  parts: readonly SourceMatrix[],
  scratch: Scratch,
): Promise<void> {
  let element = 0;
  for (const part of parts) {
    await writer.write(name, await part.read(0, 1, scratch), element);
    element += part.columns;
  }
}

/** @param parts matrices whose output channels follow one another in the fused matrix */
async function convertMatrix(
  writer: BaseWriter,
  name: string,
  parts: readonly SourceMatrix[],
  scratch: Scratch,
): Promise<void> {
  const sink = new MatrixSink(writer, name, scratch);
  let channel = 0;
  for (const part of parts) {
    const step = Math.max(1, Math.floor(CHUNK_ELEMENTS / part.columns));
    for (let row = 0; row < part.rows; row += step) {
      const count = Math.min(step, part.rows - row);
      await sink.add(await part.read(row, count, scratch), channel + row);
    }
    channel += part.rows;
  }
  await sink.close();
}
