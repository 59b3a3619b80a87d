/** Takes a weight matrix in rows of output channels, as checkpoints store it, and writes it in the base's form. */
import type { HadamardBlock } from '../model/hadamard.ts';
import { quantiseRows, quantiseTransposed } from './quantise.ts';
import { Scratch } from './scratch.ts';
import { turnBlocks } from './turn-blocks.ts';
import type { BaseWriter } from './base-writer.ts';

/**
 * One matrix of the base being filled. Rows may come in any order and in parts; memory is one matrix in the base's
 * precision (none for an embedding, whose rows go straight to the file).
 */
export class MatrixSink {
  readonly #writer: BaseWriter;
  readonly #name: string;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #int8: Int8Array | null;
  readonly #fp32: Float32Array | null;
  readonly #scales: Float32Array;
  readonly #hadamard: HadamardBlock | undefined;
  readonly #scratch: Scratch;

  /**
   * @param name of the base's matrix without `.weight`, such as `layers.0.attention.qkv`
   * @param scratch its memory until it is closed; memory of its own unless given
   */
  constructor(writer: BaseWriter, name: string, scratch = new Scratch()) {
    const { shape, hadamard } = writer.region(`${name}.weight`);
    const [first = 0, second = 0] = shape;
    const byRow = name === 'embedding';
    const int8 = writer.precision === 'int8';
    this.#writer = writer;
    this.#name = name;
    this.#inputs = byRow ? second : first;
    this.#outputs = byRow ? first : second;
    this.#int8 = int8 && !byRow ? scratch.int8Matrix(first * second) : null;
    this.#fp32 = int8 || byRow ? null : scratch.float32Matrix(first * second);
    this.#scales = new Float32Array(this.#outputs);
    this.#hadamard = hadamard;
    this.#scratch = scratch;
  }

  get inputs(): number {
    return this.#inputs;
  }

  get outputs(): number {
    return this.#outputs;
  }

  /** @param rows fp32 [count, inputs], output channels `firstChannel .. firstChannel + count - 1` */
  async add(rows: Float32Array, firstChannel: number): Promise<void> {
    const count = rows.length / this.#inputs;
    if (!Number.isInteger(count) || firstChannel + count > this.#outputs) {
      throw new RangeError(
        `${this.#name}: ${rows.length} values do not fit at output channel ${firstChannel}`,
      );
    }
    const element = firstChannel * this.#inputs;
    if (this.#int8 !== null) {
      quantiseTransposed(this.#turned(rows), this.#inputs, this.#int8, this.#scales, firstChannel);
    } else if (this.#fp32 !== null) {
      transposeInto(rows, this.#inputs, this.#fp32, this.#outputs, firstChannel);
    } else if (this.#writer.precision === 'int8') {
      const values = new Int8Array(rows.length);
      const scales = this.#scales.subarray(firstChannel, firstChannel + count);
      quantiseRows(this.#turned(rows), this.#inputs, values, scales);
      await this.#writer.write(`${this.#name}.weight`, values, element);
    } else {
      await this.#writer.write(`${this.#name}.weight`, rows, element);
    }
  }

  /** The rows as the base stores their inputs; they themselves stay what they are. */
  #turned(rows: Float32Array): Float32Array {
    if (this.#hadamard === undefined) return rows;
    const turned = this.#scratch.turned(rows.length);
    turned.set(rows);
    turnBlocks(turned, 1, this.#hadamard);
    return turned;
  }

  /** Writes what was gathered. Call it once, after the last rows. */
  async close(): Promise<void> {
    const gathered = this.#int8 ?? this.#fp32;
    if (gathered !== null) await this.#writer.write(`${this.#name}.weight`, gathered);
    if (this.#writer.precision === 'int8') await this.#writer.write(`${this.#name}.scale`, this.#scales);
  }
}

function transposeInto(
  rows: Float32Array,
  inputs: number,
  target: Float32Array,
  outputs: number,
  firstChannel: number,
): void {
  for (let source = 0, row = 0; source < rows.length; row++) {
    for (let input = 0; input < inputs; input++, source++) {
      target[input * outputs + firstChannel + row] = rows[source] ?? 0;
    }
  }
}
