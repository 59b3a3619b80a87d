/** An opened GGUF file: its header is checked, the rows of its tensors are decoded to fp32 on demand. */
import { type FileHandle } from 'node:fs/promises';
import { readExactly } from '../../../files/files.ts';
import { openRegularFile } from '../../../files/regular-file.ts';
import { ModelFileError } from '../../../files/model-file-error.ts';
import { firstNotFinite } from '../element-types.ts';
import type { SourceMatrix } from '../weight-source.ts';
import { type GgufHeader, readGgufHeader, type TensorEntry } from './header.ts';
import { readableTypes, type Dequantise } from './tensor-types.ts';

export class GgufFile {
  readonly file: string;
  readonly header: GgufHeader;
  readonly #handle: FileHandle;

  /** Use {@link openGgufFile}. */
  constructor(file: string, header: GgufHeader, handle: FileHandle) {
    this.file = file;
    this.header = header;
    this.#handle = handle;
  }

  /**
   * A tensor as a matrix. Nothing is read yet.
   *
   * @throws ModelFileError if it is absent, of another shape, or of a type that is not read
   */
  matrix(name: string, rows: number, columns: number): SourceMatrix {
    const entry = this.header.tensors.get(name);
    if (entry === undefined) {
      throw new ModelFileError(this.file, name, 'is missing', 'Fetch the complete file of the model');
    }
    const expected = rows === 1 ? [columns] : [columns, rows];
    if (entry.dimensions.join() !== expected.join()) {
      const fault = `has dimensions [${entry.dimensions.join(', ')}], the metadata asks for [${expected.join(', ')}]`;
      throw new ModelFileError(this.file, name, fault, 'Convert the model again with the current llama.cpp');
    }
    const { dequantise, name: type } = entry.type;
    if (dequantise === null) {
      throw new ModelFileError(
        this.file,
        name,
        `is stored as ${type}; ${readableTypes} are read`,
        'Fetch the Q8_0 or Q4_K_M file of the same model',
      );
    }
    return { rows, columns, read: (first, count) => this.#rows(entry, dequantise, columns, first, count) };
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #rows(
    { name, type, offset }: TensorEntry,
    dequantise: Dequantise,
    columns: number,
    first: number,
    count: number,
  ): Promise<Float32Array> {
    const rowBytes = (columns / type.elements) * type.bytes;
    const bytes = new Uint8Array(count * rowBytes);
    await readExactly(this.#handle, this.file, offset + first * rowBytes, bytes, name);
    const values = new Float32Array(count * columns);
    dequantise(bytes, values);
    const bad = firstNotFinite(values);
    if (bad !== -1) {
      const fault = `holds ${values[bad]} at element ${first * columns + bad}`;
      throw new ModelFileError(this.file, name, fault, 'Weights must be finite; use another file');
    }
    return values;
  }
}

/** Opens a file and checks its header. Close it after use. @throws ModelFileError */
export async function openGgufFile(file: string): Promise<GgufFile> {
  const { handle, bytes } = await openRegularFile(file, 'Check the path of the model');
  try {
    return new GgufFile(file, await readGgufHeader(handle, file, bytes), handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}
