/** The turn of a product's inputs: an orthogonal matrix, the same on the host and in a graph, and rounding that profits. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import {
  HADAMARD_BLOCKS,
  type HadamardBlock,
  hadamardBlock,
  hadamardMatrix,
  turned,
  turnedWeight,
} from '../../../../gpu-runner/llama/model/hadamard.ts';
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { turnBlocks } from '../../../../gpu-runner/llama/weights/turn-blocks.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import { Draws, numbers, runOnce, testSeed } from '../../tensor/engine.ts';
import { drawnRow, smallRequest, smallShape } from '../sampler/small-model.ts';
import { temporaryFolder } from '../weights/made-up-checkpoint.ts';

const draws = new Draws(testSeed);
const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => draws.normal());

/** x H in float64, from the definition: (-1)^(bits that i and j share) / sqrt(block). */
function defined(x: ArrayLike<number>, block: HadamardBlock): number[] {
  return Array.from(x, (_, index) => {
    const first = index - (index % block);
    let sum = 0;
    for (let input = 0; input < block; input++) {
      const shared = (input & (index - first)).toString(2).replaceAll('0', '').length;
      sum += ((-1) ** shared * (x[first + input] ?? NaN)) / Math.sqrt(block);
    }
    return sum;
  });
}

describe.each(HADAMARD_BLOCKS)(`inputs turned by %i, seed ${testSeed}`, (block) => {
  it('come of a matrix that is its own inverse', () => {
    const matrix = hadamardMatrix(block);
    for (let row = 0; row < block; row++) {
      for (let column = 0; column < block; column++) {
        let product = 0;
        for (let inner = 0; inner < block; inner++) {
          product += (matrix[row * block + inner] ?? NaN) * (matrix[inner * block + column] ?? NaN);
        }
        expect(product).toBe(row === column ? 1 : 0);
      }
    }
  });

  it('are the same in a graph, on the host and by definition', async () => {
    const x = normals(5 * 192);
    const found = await runOnce((graph) => ({ y: turned(graph.input('x', 'float32', [5, 192]), block) }), {
      x: { dtype: 'float32', shape: [5, 192], data: x },
    });
    const host = x.slice();
    turnBlocks(host, 1, block);
    const expected = defined(x, block);
    expect(found['y']).toBeDefined();
    const graphs = found['y'] === undefined ? [] : numbers(found['y']);
    expected.forEach((value, index) => {
      expect(graphs[index]).toBeCloseTo(value, 5);
      expect(host[index]).toBeCloseTo(value, 5);
    });
    turnBlocks(host, 1, block);
    x.forEach((value, index) => expect(host[index]).toBeCloseTo(value, 5));
  });

  it('leave a product what it is when the weight is turned with them', async () => {
    const inputs = 2 * block;
    const [x, w] = [normals(3 * inputs), normals(inputs * 7)];
    const stored = w.slice();
    turnBlocks(stored, 7, block);
    const found = await runOnce(
      (graph) => ({ w: turnedWeight(graph.constant('float32', stored, [inputs, 7]), block) }),
      {},
    );
    const back = found['w'] === undefined ? [] : numbers(found['w']);
    w.forEach((value, index) => expect(back[index]).toBeCloseTo(value, 5));
    const turnedRows = defined(x, block);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 7; column++) {
        let [exact, product] = [0, 0];
        for (let input = 0; input < inputs; input++) {
          exact += (x[row * inputs + input] ?? NaN) * (w[input * 7 + column] ?? NaN);
          product += (turnedRows[row * inputs + input] ?? NaN) * (stored[input * 7 + column] ?? NaN);
        }
        expect(product).toBeCloseTo(exact, 4);
      }
    }
  });
});

describe('a base with turned inputs', () => {
  it('is turned by the largest block that divides it into several', () => {
    expect([576, 96, 64, 40, 16].map(hadamardBlock)).toEqual([64, 16, 16, undefined, undefined]);
  });

  it('is read back as the weights that came in, within what rounding costs', async () => {
    const folder = temporaryFolder();
    const [exact, plain, rounded] = await Promise.all(
      (
        [
          ['fp32', false],
          ['int8', false],
          ['int8', true],
        ] as const
      ).map(async ([precision, isTurned]) =>
        writeRandomBase(path.join(folder, `${precision}-${isTurned}`), smallShape, precision, 3, isTurned),
      ),
    );
    const name = 'layers.1.feedForward.down.weight';
    const [w, one, other] = await Promise.all([
      exact?.readFloat32(name),
      plain?.readDequantised(name),
      rounded?.readDequantised(name),
    ]);
    const distance = (found: ArrayLike<number> = []): number =>
      Math.hypot(...Array.from(w ?? [], (value, index) => value - (found[index] ?? NaN)));
    expect(plain?.isTurned).toBe(false);
    expect(rounded?.isTurned).toBe(true);
    expect(rounded?.identity).not.toBe(plain?.identity);
    expect(distance(one)).toBeGreaterThan(0);
    // Gaussian weights are as easily rounded turned as not.
    expect(distance(other)).toBeLessThan(1.3 * distance(one));
    await rm(folder, { recursive: true });
  });
});

describe('a sampled row', () => {
  it('does not depend on the rows beside it when inputs are turned', async () => {
    const folder = temporaryFolder();
    const shape = { ...smallShape, hiddenSize: 192, intermediateSize: 320 };
    const base = await writeRandomBase(path.join(folder, 'base'), shape, 'int8', 3, true);
    expect(base.region('layers.0.attention.qkv.weight').hadamard).toBe(64);
    expect(base.region('layers.0.attention.output.weight').hadamard).toBe(16);
    const sampler = await Sampler.open({ backend: await openCpuBackend(base), maximumPositions: 128 });
    const request = smallRequest(37);
    const together = await sampler.sample(request);
    for (const row of [0, 1, 5, 17, 36]) {
      const alone = await sampler.sample({
        ...request,
        prompts: request.prompts.slice(row, row + 1),
        rowIds: request.rowIds.slice(row, row + 1),
      });
      expect(drawnRow(alone, 0)).toEqual(drawnRow(together, row));
    }
    await sampler.close();
    await rm(folder, { recursive: true });
  });
});
