/** Memory that a conversion uses again and again, so that its peak does not depend on when garbage is collected. */

/** One piece of memory that grows to the largest that was asked for. What it holds lasts until it is asked for again. */
class Region {
  #buffer = new ArrayBuffer(0);

  take(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes);
    return this.#buffer;
  }
}

/** For one conversion, which reads and writes one thing at a time. */
export class Scratch {
  readonly #stored = new Region();
  readonly #read = new Region();
  readonly #turned = new Region();
  readonly #matrix = new Region();

  /** Bytes of a checkpoint before they are decoded. */
  stored(count: number): Uint8Array {
    return new Uint8Array(this.#stored.take(count), 0, count);
  }

  /** Numbers that were read. */
  read(count: number): Float32Array {
    return new Float32Array(this.#read.take(count * 4), 0, count);
  }

  /** Numbers that were read, with their inputs turned. */
  turned(count: number): Float32Array {
    return new Float32Array(this.#turned.take(count * 4), 0, count);
  }

  /** The 8-bit matrix that is being gathered. */
  int8Matrix(count: number): Int8Array {
    return new Int8Array(this.#matrix.take(count), 0, count);
  }

  /** The fp32 matrix that is being gathered. */
  float32Matrix(count: number): Float32Array {
    return new Float32Array(this.#matrix.take(count * 4), 0, count);
  }
}
