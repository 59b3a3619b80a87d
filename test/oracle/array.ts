/** Plain float64 arrays of any rank: the oracle's own mathematics, sharing no code with the engine. */

export interface NumberArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** An array filled by a function of the index tuple. */
export function tabulate(shape: readonly number[], f: (index: readonly number[]) => number): NumberArray {
  const data = new Float64Array(count(shape));
  const index = shape.map(() => 0);
  for (let position = 0; position < data.length; position++) {
    data[position] = f(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
  return { shape: [...shape], data };
}

/** The element at an index tuple; missing leading axes and axes of size 1 broadcast. */
export function at({ shape, data }: NumberArray, index: readonly number[]): number {
  const skip = index.length - shape.length;
  let position = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] ?? 1;
    position = position * size + (size === 1 ? 0 : (index[axis + skip] ?? 0));
  }
  const element = data[position];
  if (element === undefined) throw new Error(`Oracle: index [${index.join()}] outside [${shape.join()}]`);
  return element;
}

function broadcastShape(arrays: readonly NumberArray[]): number[] {
  const rank = Math.max(...arrays.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...arrays.map(({ shape }) => shape[axis - rank + shape.length] ?? 1)),
  );
}

/** Applies a function elementwise over broadcast arrays. */
export function map(f: (...elements: number[]) => number, ...arrays: readonly NumberArray[]): NumberArray {
  return tabulate(broadcastShape(arrays), (index) => f(...arrays.map((array) => at(array, index))));
}

/** Folds axes away; kept axes have size 1 if `keep`. */
export function fold(
  { shape, data }: NumberArray,
  axes: readonly number[],
  keep: boolean,
  f: (elements: readonly number[]) => number,
): NumberArray {
  const groups = new Map<string, number[]>();
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  tabulate(shape, (index) => {
    const key = index.map((position, axis) => (axes.includes(axis) ? 0 : position)).join();
    const group = groups.get(key) ?? [];
    group.push(at({ shape, data }, index));
    groups.set(key, group);
    return 0;
  });
  const folded = tabulate(kept, (index) => f(groups.get(index.join()) ?? []));
  return keep ? folded : { shape: shape.filter((_, axis) => !axes.includes(axis)), data: folded.data };
}

export const sum = (elements: readonly number[]): number =>
  elements.reduce((total, element) => total + element, 0);

/** [..., m, k] x [..., k, n], leading axes broadcast. */
export function matrixProduct(a: NumberArray, b: NumberArray): NumberArray {
  const inner = a.shape.at(-1) ?? 0;
  const leading = broadcastShape([
    { shape: a.shape.slice(0, -2), data: a.data },
    { shape: b.shape.slice(0, -2), data: b.data },
  ]);
  return tabulate([...leading, a.shape.at(-2) ?? 0, b.shape.at(-1) ?? 0], (index) => {
    const lead = index.slice(0, -2);
    const [row, column] = [index.at(-2) ?? 0, index.at(-1) ?? 0];
    let total = 0;
    for (let k = 0; k < inner; k++) total += at(a, [...lead, row, k]) * at(b, [...lead, k, column]);
    return total;
  });
}

export function reorder(x: NumberArray, permutation: readonly number[]): NumberArray {
  return tabulate(
    permutation.map((axis) => x.shape[axis] ?? 0),
    (index) =>
      at(
        x,
        x.shape.map((_, axis) => index[permutation.indexOf(axis)] ?? 0),
      ),
  );
}

/** log(sum(exp(x))) over the last axis, kept. */
export function logSumExp(x: NumberArray, axis: number): NumberArray {
  return fold(x, [axis], true, (elements) => {
    const peak = Math.max(...elements);
    return peak + Math.log(sum(elements.map((element) => Math.exp(element - peak))));
  });
}

/** Gradient of a scalar function by central differences, one array per argument. */
export function centralDifferences(
  f: (...arguments_: readonly NumberArray[]) => number,
  arguments_: readonly NumberArray[],
  step = 1e-5,
): NumberArray[] {
  return arguments_.map(({ shape, data }, which) => ({
    shape,
    data: data.map((element, position) => {
      const side = (sign: number): number =>
        f(
          ...arguments_.map((other, index) =>
            index === which ? { shape, data: data.with(position, element + sign * step) } : other,
          ),
        );
      return (side(1) - side(-1)) / (2 * step);
    }),
  }));
}

/** max |a - b| / max |b|; 0 when both are zero. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let scale = 0;
  for (let index = 0; index < b.length; index++) {
    difference = Math.max(difference, Math.abs((a[index] ?? Number.NaN) - (b[index] ?? Number.NaN)));
    scale = Math.max(scale, Math.abs(b[index] ?? 0));
  }
  if (a.length !== b.length || Number.isNaN(difference)) return Number.NaN;
  return difference === 0 ? 0 : difference / Math.max(scale, 1e-12);
}
