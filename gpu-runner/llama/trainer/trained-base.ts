/** A fully trained model as a base on disk: from the flat vector to the files every other part reads. */
import type { Architecture } from '../model/architecture.ts';
import { MatrixSink } from '../weights/matrix-sink.ts';
import type { BaseFile } from '../weights/base-file.ts';
import type { BasePrecision } from '../weights/base-layout.ts';
import { BaseWriter } from '../weights/base-writer.ts';
import type { FlatTensor } from '../model/flat-layout.ts';
import { fullLayout } from './full-weights.ts';

/**
 * Writes the model as a base folder.
 *
 * @param vector its parameters, as {@link fullLayout} lays them out
 * @param source how it was trained, kept with it
 */
export async function writeTrainedBase(
  folder: string,
  architecture: Architecture,
  precision: BasePrecision,
  vector: Float32Array,
  source: string,
): Promise<BaseFile> {
  const tensors = fullLayout(architecture);
  const length = tensors.reduce((sum, tensor) => sum + tensor.length, 0);
  if (vector.length !== length) {
    throw new RangeError(`The vector has ${vector.length} numbers, a model of this shape has ${length}`);
  }
  const writer = await BaseWriter.create(folder, architecture, precision);
  try {
    for (const tensor of tensors) await writeTensor(writer, architecture, tensor, vector);
    return await writer.finish({ origin: 'trained', source, files: [] });
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function writeTensor(
  writer: BaseWriter,
  { tiedEmbedding }: Architecture,
  { name, shape, offset, length }: FlatTensor,
  vector: Float32Array,
): Promise<void> {
  const values = vector.slice(offset, offset + length);
  if (shape.length === 1) {
    await writer.write(name, values);
    return;
  }
  const [rows = 1, columns = 1] = shape;
  const isEmbedding = name === 'embedding.weight';
  const channels = isEmbedding ? values : transposed(values, rows, columns);
  await writeMatrix(writer, name.replace(/\.weight$/, ''), channels);
  // An 8-bit base holds a tied embedding a second time, in the layout of the output product.
  if (isEmbedding && tiedEmbedding && writer.precision === 'int8')
    await writeMatrix(writer, 'output', channels);
}

/** @param channels one output channel (or one embedding) per row */
async function writeMatrix(writer: BaseWriter, name: string, channels: Float32Array): Promise<void> {
  const sink = new MatrixSink(writer, name);
  await sink.add(channels, 0);
  await sink.close();
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return result;
}
