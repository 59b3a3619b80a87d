/** Where tensors stand in one flat vector of numbers. */

/** One tensor of the flat vector, row-major. */
export interface FlatTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Lays tensors of these names and shapes end to end. */
export function layFlat(
  entries: readonly (readonly [name: string, shape: readonly number[]])[],
): FlatTensor[] {
  let offset = 0;
  return entries.map(([name, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const tensor = { name, shape, offset, length };
    offset += length;
    return tensor;
  });
}

/** Numbers in the vector. */
export function flatLength(tensors: readonly FlatTensor[]): number {
  const last = tensors.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}
