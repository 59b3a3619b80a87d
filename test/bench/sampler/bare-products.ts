/** The 8-bit products of one decoding step and nothing else: what a perfect sampler would take. */
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { type SessionOptions, TensorSession } from '../../../gpu-runner/tensor/session.ts';
import type { BaseFile } from '../../../gpu-runner/llama/weights/base-file.ts';
import type { ExactProduct } from '../../../gpu-runner/llama/backends/cpu/exact-product.ts';
import { cpuTensors } from '../../../gpu-runner/llama/backends/cpu/cpu-weights.ts';

const LINEAR = ['attention.qkv', 'attention.output', 'feedForward.gateUp', 'feedForward.down'];

/** Runs the products of `steps` steps in one call, so that the call itself weighs nothing. */
export class BareProducts {
  readonly #session: TensorSession;
  readonly #batch: number;
  readonly #widths: readonly number[];
  /** multiplications and additions of one step */
  readonly operations: number;

  private constructor(session: TensorSession, batch: number, widths: readonly number[], operations: number) {
    this.#session = session;
    this.#batch = batch;
    this.#widths = widths;
    this.operations = operations;
  }

  static async open(
    base: BaseFile,
    form: ExactProduct,
    batch: number,
    options: SessionOptions,
  ): Promise<BareProducts> {
    const { layers } = base.architecture;
    const names = [
      ...Array.from({ length: layers }, (_, layer) => LINEAR.map((name) => `layers.${layer}.${name}`)).flat(),
      'output',
    ];
    const graph = new Graph('bare-products');
    const tensors = cpuTensors(graph, { base, exactProduct: form, hasUnsignedFile: false });
    const inputs = new Map<number, Value>();
    let operations = 0;
    const steps = graph.input('steps', 'int64', []);
    const products = names.map((name): readonly [Value, Value] => {
      const weights = tensors.value(`${name}.weight`);
      const [width = 1, outputs = 1] = weights.shape.map(Number);
      operations += 2 * batch * width * outputs;
      const known = inputs.get(width) ?? graph.input(`x${width}`, 'uint8', ['batch', width]);
      inputs.set(width, known);
      return [known, form === 'signed' ? weights : unsigned(weights)];
    });
    const { carried } = ops.loop(graph, 'steps', {
      count: steps,
      carried: [{ initial: graph.constant('int64', [0, 0]) }],
      body: (body) => {
        // The size of a result asks for the result, and costs nothing.
        const sizes = products.map(([x, weights]) => {
          const zero = graph.scalar(128, 'uint8');
          const y = ops.matMulInteger(body.capture(x), weights, zero, form === 'signed' ? undefined : zero);
          return ops.emitOne('Shape', [y], { dtype: 'int64', shape: [2] });
        });
        return { carried: [ops.emitOne('Max', sizes, { dtype: 'int64', shape: [2] })] };
      },
    });
    graph.output('sizes', ops.first(carried));
    const source = { model: serialiseGraph(graph), folder: base.folder };
    const session = await TensorSession.open(source, options);
    return new BareProducts(session, batch, [...inputs.keys()], operations);
  }

  /** Milliseconds of one step. */
  async time(steps: number): Promise<number> {
    const feeds = Object.fromEntries(
      this.#widths.map((width) => {
        const data = new Uint8Array(this.#batch * width).map((_, index) => (index * 37) % 256);
        return [`x${width}`, { dtype: 'uint8' as const, shape: [this.#batch, width], data }];
      }),
    );
    const started = performance.now();
    await this.#session.run({
      ...feeds,
      steps: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(steps)) },
    });
    return (performance.now() - started) / steps;
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

function unsigned(values: Value): Value {
  const bytes = ops.cast(values, 'uint8');
  return ops.emitOne('BitwiseXor', [bytes, values.graph.scalar(128, 'uint8')], bytes);
}
