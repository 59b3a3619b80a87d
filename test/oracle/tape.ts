/** A float64 reverse-mode tape over matrices, written with plain loops: the independent judge of the engine's gradients. */

/** A matrix in row-major float64 with its gradient. */
export class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  readonly gradient: Float64Array;

  constructor(rows: number, columns: number, data: ArrayLike<number> = new Float64Array(rows * columns)) {
    if (data.length !== rows * columns) {
      throw new Error(`A ${rows} x ${columns} matrix needs ${rows * columns} numbers, got ${data.length}`);
    }
    this.rows = rows;
    this.columns = columns;
    this.data = Float64Array.from(data);
    this.gradient = new Float64Array(rows * columns);
  }

  at(row: number, column: number): number {
    return this.data[row * this.columns + column] ?? Number.NaN;
  }
}

function read(array: Float64Array, index: number): number {
  return array[index] ?? Number.NaN;
}

function accumulate(array: Float64Array, index: number, value: number): void {
  array[index] = read(array, index) + value;
}

/** Records operations; `backward` runs their gradients in reverse. */
export class Tape {
  readonly #steps: (() => void)[] = [];

  /** Gradients of `seed . output` for every matrix that took part (they add to what is there). */
  backward(output: Matrix, seed: ArrayLike<number> = new Float64Array(output.data.length).fill(1)): void {
    for (let index = 0; index < seed.length; index++) accumulate(output.gradient, index, seed[index] ?? 0);
    for (const step of this.#steps.toReversed()) step();
  }

  /** Runs at its turn of the backward pass: for operations that are not here. */
  onBackward(step: () => void): void {
    this.#steps.push(step);
  }

  /** a [m,k] @ b [k,n], or a @ b^T with b [n,k]. */
  product(a: Matrix, b: Matrix, transposed = false): Matrix {
    const inner = a.columns;
    const columns = transposed ? b.rows : b.columns;
    if ((transposed ? b.columns : b.rows) !== inner) throw new Error('product: inner sizes differ');
    const place = (k: number, column: number): number =>
      transposed ? column * inner + k : k * columns + column;
    const out = new Matrix(a.rows, columns);
    for (let row = 0; row < a.rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += read(a.data, row * inner + k) * read(b.data, place(k, column));
        out.data[row * columns + column] = sum;
      }
    }
    this.onBackward(() => {
      for (let row = 0; row < a.rows; row++) {
        for (let column = 0; column < columns; column++) {
          const upstream = read(out.gradient, row * columns + column);
          if (upstream === 0) continue;
          for (let k = 0; k < inner; k++) {
            accumulate(a.gradient, row * inner + k, upstream * read(b.data, place(k, column)));
            accumulate(b.gradient, place(k, column), upstream * read(a.data, row * inner + k));
          }
        }
      }
    });
    return out;
  }

  /** Elementwise function of equally shaped matrices with its partial derivatives. */
  map(
    inputs: readonly Matrix[],
    value: (...x: number[]) => number,
    partials: (...x: number[]) => readonly number[],
  ): Matrix {
    const [first] = inputs;
    if (first === undefined) throw new Error('map: no inputs');
    const out = new Matrix(first.rows, first.columns);
    const point = (index: number): number[] => inputs.map((input) => read(input.data, index));
    for (let index = 0; index < out.data.length; index++) out.data[index] = value(...point(index));
    this.onBackward(() => {
      for (let index = 0; index < out.data.length; index++) {
        const upstream = read(out.gradient, index);
        partials(...point(index)).forEach((partial, position) => {
          const input = inputs[position];
          if (input !== undefined) accumulate(input.gradient, index, upstream * partial);
        });
      }
    });
    return out;
  }

  add(a: Matrix, b: Matrix): Matrix {
    return this.map(
      [a, b],
      (x, y) => x + y,
      () => [1, 1],
    );
  }

  /** x + bias on every row; bias [1,n]. */
  addRow(x: Matrix, bias: Matrix): Matrix {
    const width = x.columns;
    const out = new Matrix(
      x.rows,
      width,
      x.data.map((value, index) => value + read(bias.data, index % width)),
    );
    this.onBackward(() => {
      out.gradient.forEach((upstream, index) => {
        accumulate(x.gradient, index, upstream);
        accumulate(bias.gradient, index % width, upstream);
      });
    });
    return out;
  }

  scale(a: Matrix, factor: number): Matrix {
    return this.map(
      [a],
      (x) => factor * x,
      () => [factor],
    );
  }

  /** Rows of a table [v,h] by index. */
  gather(table: Matrix, rows: readonly number[]): Matrix {
    const width = table.columns;
    const out = new Matrix(rows.length, width);
    rows.forEach((row, index) => {
      out.data.set(table.data.subarray(row * width, (row + 1) * width), index * width);
    });
    this.onBackward(() => {
      rows.forEach((row, index) => {
        for (let column = 0; column < width; column++) {
          accumulate(table.gradient, row * width + column, read(out.gradient, index * width + column));
        }
      });
    });
    return out;
  }

  /** Columns [start, end) of a matrix. */
  columns(a: Matrix, start: number, end: number): Matrix {
    const width = end - start;
    const out = new Matrix(a.rows, width);
    const each = (visit: (from: number, to: number) => void): void => {
      for (let row = 0; row < a.rows; row++) {
        for (let column = 0; column < width; column++) {
          visit(row * a.columns + start + column, row * width + column);
        }
      }
    };
    each((from, to) => {
      out.data[to] = read(a.data, from);
    });
    this.onBackward(() =>
      each((from, to) => {
        accumulate(a.gradient, from, read(out.gradient, to));
      }),
    );
    return out;
  }

  /** Matrices side by side. */
  join(parts: readonly Matrix[]): Matrix {
    const rows = parts[0]?.rows ?? 0;
    const width = parts.reduce((sum, part) => sum + part.columns, 0);
    const out = new Matrix(rows, width);
    let start = 0;
    for (const part of parts) {
      const offset = start;
      const each = (visit: (from: number, to: number) => void): void => {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < part.columns; column++) {
            visit(row * part.columns + column, row * width + offset + column);
          }
        }
      };
      each((from, to) => {
        out.data[to] = read(part.data, from);
      });
      this.onBackward(() =>
        each((from, to) => {
          accumulate(part.gradient, from, read(out.gradient, to));
        }),
      );
      start += part.columns;
    }
    return out;
  }

  /** y = w * x / sqrt(mean(x^2) + epsilon), by rows; w [1,h]. */
  rmsNorm(x: Matrix, weight: Matrix, epsilon: number): Matrix {
    const width = x.columns;
    const out = new Matrix(x.rows, width);
    const inverse = Array.from({ length: x.rows }, (_, row) => {
      let squares = 0;
      for (let column = 0; column < width; column++) squares += x.at(row, column) ** 2;
      return 1 / Math.sqrt(squares / width + epsilon);
    });
    inverse.forEach((factor, row) => {
      for (let column = 0; column < width; column++) {
        out.data[row * width + column] = read(weight.data, column) * x.at(row, column) * factor;
      }
    });
    this.onBackward(() => {
      inverse.forEach((factor, row) => {
        let dot = 0;
        for (let column = 0; column < width; column++) {
          const upstream = read(out.gradient, row * width + column);
          accumulate(weight.gradient, column, upstream * x.at(row, column) * factor);
          dot += upstream * read(weight.data, column) * x.at(row, column);
        }
        for (let column = 0; column < width; column++) {
          const upstream = read(out.gradient, row * width + column) * read(weight.data, column);
          const through = (x.at(row, column) * dot * factor * factor) / width;
          accumulate(x.gradient, row * width + column, factor * (upstream - through));
        }
      });
    });
    return out;
  }

  /** Softmax over the last `window` of the first row+1 columns of each row (causal), zero elsewhere. */
  causalSoftmax(scores: Matrix, window = Infinity): Matrix {
    const width = scores.columns;
    const from = (row: number): number => Math.max(0, row + 1 - window);
    const out = new Matrix(scores.rows, width);
    for (let row = 0; row < scores.rows; row++) {
      let top = -Infinity;
      for (let column = from(row); column <= row; column++) top = Math.max(top, scores.at(row, column));
      let total = 0;
      for (let column = from(row); column <= row; column++) total += Math.exp(scores.at(row, column) - top);
      for (let column = from(row); column <= row; column++) {
        out.data[row * width + column] = Math.exp(scores.at(row, column) - top) / total;
      }
    }
    this.onBackward(() => {
      for (let row = 0; row < scores.rows; row++) {
        let dot = 0;
        for (let column = from(row); column <= row; column++) {
          dot += read(out.gradient, row * width + column) * out.at(row, column);
        }
        for (let column = from(row); column <= row; column++) {
          const index = row * width + column;
          accumulate(scores.gradient, index, out.at(row, column) * (read(out.gradient, index) - dot));
        }
      }
    });
    return out;
  }

  /** log softmax(logits)[target] of each row, [rows,1]. */
  logProbabilities(logits: Matrix, targets: readonly number[]): Matrix {
    const width = logits.columns;
    const out = new Matrix(logits.rows, 1);
    const normaliser = (row: number): number => {
      let top = -Infinity;
      for (let column = 0; column < width; column++) top = Math.max(top, logits.at(row, column));
      let total = 0;
      for (let column = 0; column < width; column++) total += Math.exp(logits.at(row, column) - top);
      return top + Math.log(total);
    };
    targets.forEach((target, row) => {
      out.data[row] = logits.at(row, target) - normaliser(row);
    });
    this.onBackward(() => {
      targets.forEach((target, row) => {
        const upstream = read(out.gradient, row);
        const total = normaliser(row);
        for (let column = 0; column < width; column++) {
          const probability = Math.exp(logits.at(row, column) - total);
          accumulate(
            logits.gradient,
            row * width + column,
            upstream * ((column === target ? 1 : 0) - probability),
          );
        }
      });
    });
    return out;
  }
}
