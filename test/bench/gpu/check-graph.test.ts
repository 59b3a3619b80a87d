/** The CUDA graphs of the named shapes, built without weights, against the provider's table; and that the check can fail. */
import { describe, expect, it } from 'vitest';
import { baseBytes } from '../../../shared/planner/model-bytes.ts';
import { checkCudaGraph, cudaOperatorTable } from './check-graph.ts';
import { cudaWeightBytes } from '../../../gpu-runner/llama/backends/cuda/cuda-layout.ts';
import { cudaBackend } from '../../../gpu-runner/llama/backends/cuda/cuda-backend.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { updateGraph } from '../../../gpu-runner/llama/trainer/update-graph.ts';
import { usedNodes } from './used-nodes.ts';
import type { Architecture } from '../../../gpu-runner/llama/model/architecture.ts';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { Graph } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { checkGpuGraphs } from './check.ts';
import { gpuShape, type GpuShapeName } from './shapes.ts';

/** Layers are alike: three show what sixty do, and build in a twentieth of the time. */
const shortened = (name: GpuShapeName) => {
  const shape = gpuShape(name);
  return { ...shape, architecture: { ...shape.architecture, layers: 3 } };
};

describe('the CUDA graphs', () => {
  it.each(['m1b', 'llama7b', 'llama30b'] as const)(
    'of %s use only what CUDA registers, and planned bytes',
    (name) => {
      for (const check of checkGpuGraphs(shortened(name))) {
        expect(check.faults, check.graph).toEqual([]);
        expect(check.weightBytes + unreadBytes(check.graph, shortened(name).architecture)).toBe(
          check.plannedWeightBytes,
        );
        expect(check.modelBytes).toBeLessThan(2 ** 20);
        expect(check.byName['com.microsoft:MatMulNBits']).toBeGreaterThanOrEqual(3 * 4 + 1);
      }
    },
  );

  it('end a training step by an update that uses only what CUDA registers', () => {
    const { architecture } = gpuShape('m1b');
    const backend = cudaBackend({ architecture, isTurned: true }, '');
    const trainable = {
      kind: 'adapters',
      backend,
      layout: adapterLayout(architecture, 8, 16),
      groups: 2,
    } as const;
    const optimiser = {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-5,
      weightDecay: 0,
      epsilonForm: 'corrected',
      clipNorm: 1,
    } as const;
    expect(checkCudaGraph(updateGraph(trainable, optimiser)).faults).toEqual([]);
  });

  it.each(Object.entries(namedShapes))('of %s have the weights of the planner to the byte', (_, shape) => {
    expect(cudaWeightBytes(shape)).toBe(baseBytes('cuda', shape));
  });

  it('states where the table comes from', () => {
    expect(cudaOperatorTable().source).toMatch(/^https:\/\/github\.com\/microsoft\/onnxruntime\//);
  });
});

/** The scale of each output is read only where a weight is unfolded: for a backward pass, or of a separate embedding never. */
function unreadBytes(graph: string, { layers, ...shape }: Architecture): number {
  const { vocabularySize, hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = shape;
  const embedding = shape.tiedEmbedding ? 0 : vocabularySize;
  if (graph === 'PPO gradient') return 2 * embedding;
  const outputs = (heads + 2 * keyValueHeads) * headSize + 2 * hiddenSize + 2 * intermediateSize;
  return 2 * (embedding + vocabularySize + layers * outputs);
}

describe('the check', () => {
  it('names an operator that CUDA lacks', () => {
    const graph = new Graph('lacking');
    const x = graph.input('x', 'uint8', [4]);
    graph.output('y', ops.emitOne('BitwiseXor', [x, x], x));
    expect(checkCudaGraph(graph).faults).toEqual([expect.stringContaining('CUDA registers no BitwiseXor')]);
  });

  it('names an operand of a type that the kernel does not take', () => {
    const graph = new Graph('types');
    const x = graph.input('x', 'float32', [2, 32]);
    const w = graph.input('w', 'uint8', [8, 1, 32]);
    const s = graph.input('s', 'float16', [8, 1]);
    const attributes = { K: 32, N: 8, bits: 8, block_size: 32 };
    graph.output(
      'y',
      ops.emitOne('MatMulNBits', [x, w, s], { dtype: 'float16', shape: [2, 8] }, attributes, 'com.microsoft'),
    );
    expect(checkCudaGraph(graph).faults[0]).toContain('float16 where another T1 is float32');
  });

  it('finds an unfolded weight that two operators read', () => {
    const graph = new Graph('unfolded');
    const region = { location: 'w.bin', offset: 0, length: 64 * 32 };
    const w = graph.external('w', 'uint8', [64, 32], region);
    const scale = graph.external('s', 'float16', [64], { location: 'w.bin', offset: 2048, length: 128 });
    const whole = ops.emitOne(
      'DequantizeLinear',
      [w, scale],
      { dtype: 'float16', shape: [64, 32] },
      { axis: 0 },
    );
    const x = graph.input('x', 'float16', [4, 64]);
    graph.output('once', ops.matMul(x, whole));
    expect(checkCudaGraph(graph).faults).toEqual([]);
    graph.output('twice', ops.exp(whole));
    expect(checkCudaGraph(graph).faults[0]).toContain('is read by MatMul, Exp');
  });

  it('finds a weight that the engine would unfold while loading', () => {
    const graph = new Graph('folded');
    const w = graph.external('w', 'uint8', [64, 32], { location: 'w.bin', offset: 0, length: 2048 });
    graph.output('y', ops.cast(w, 'float16'));
    expect(checkCudaGraph(graph).faults[0]).toContain('Cast of a weight is kept unfolded');
  });

  it('finds a loop over tokens that waits for the device', () => {
    const graph = new Graph('waiting');
    const count = graph.input('count', 'int64', []);
    const { carried } = ops.loop(graph, 'steps', {
      count,
      carried: [{ initial: graph.input('x', 'float32', [1]) }],
      body: (_, _iteration, now) => {
        const next = now.map((value) => ops.multiply(value, 2));
        return { carried: next, continue: ops.less(ops.reduceSum(ops.first(next)), 9) };
      },
    });
    graph.output('y', ops.first(carried));
    expect(checkCudaGraph(graph).faults[0]).toContain('waits for a condition');
  });

  it('counts what stands in bodies, and not what no output needs', () => {
    const graph = new Graph('counted');
    const x = graph.input('x', 'float32', [2]);
    ops.exp(x);
    graph.output('y', ops.negate(x));
    expect(usedNodes(graph).map(({ node }) => node.operator)).toEqual(['Neg']);
  });
});
