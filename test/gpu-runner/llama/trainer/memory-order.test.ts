/** The backward pass unfolds one frozen matrix after the other: each waits for the gradient that it multiplies. */
import { cpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type GraphOptions,
  type Objective,
  gradientGraph,
} from '../../../../gpu-runner/llama/trainer/graphs.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import type { Producer, Value } from '../../../../gpu-runner/tensor/graph.ts';
import { smallBase, smallShape } from '../sampler/small-model.ts';

const run = promisify(execFile);
const base = await smallBase();
afterAll(() => rmSync(dirname(base.folder), { recursive: true }));

const objectives: readonly Objective[] = [
  { kind: 'language-model' },
  { kind: 'preference' },
  { kind: 'direct-preference', beta: 0.1 },
  { kind: 'prospect', beta: 0.1 },
  { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 },
];

function optionsOf(groups: number): GraphOptions {
  const layout = adapterLayout(smallShape, 2, 4);
  return {
    trainable: {
      kind: 'adapters',
      backend: cpuBackend({ base, exactProduct: 'unsigned', hasUnsignedFile: false }),
      layout,
      groups,
    },
    maximumTime: 64,
    blockRows: 16,
    temperature: 0.9,
  };
}

/** Whether the engine has to know `other` before it can make the value. */
function waitsFor(value: Value, other: Value): boolean {
  const found = new Set<Producer>();
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.id === other.id) return true;
    const { producer } = next;
    if (producer === undefined || found.has(producer)) continue;
    found.add(producer);
    for (const input of producer.inputs) if (input !== undefined) open.push(input);
  }
  return false;
}

describe('a training step', () => {
  it.each(objectives)('of $kind unfolds no frozen layer before its gradient is there', (objective) => {
    const graph = gradientGraph(optionsOf(2), objective);
    const products = graph.nodes.flatMap(({ operator, inputs: [left, right] }) =>
      operator.endsWith('MatMul') && right?.producer?.operator === 'DequantizeLinear' && left !== undefined
        ? [{ gradient: left, matrix: right }]
        : [],
    );
    // Of the first layer's first product nothing asks for the gradient: the embedding under it is frozen.
    expect(products).toHaveLength(4 * smallShape.layers - 1);
    for (const { gradient, matrix } of products) expect(waitsFor(matrix, gradient)).toBe(true);
  });

  it.each(objectives)(
    'of $kind computes the slope of the gated activation late, and keeps no activation for it',
    (objective) => {
      const graph = gradientGraph(optionsOf(2), objective);
      const unfolded = graph.nodes.flatMap(({ operator, inputs: [, right], outputs }) =>
        operator.endsWith('MatMul') && right?.producer?.operator === 'DequantizeLinear' ? outputs : [],
      );
      const late = graph.nodes.filter(
        ({ operator, inputs: [x] }) => operator === 'Sigmoid' && x?.producer?.operator === 'Reshape',
      );
      expect(late).toHaveLength(smallShape.layers);
      for (const { outputs } of late) {
        const [slope] = outputs;
        expect(unfolded.some((gradient) => slope !== undefined && waitsFor(slope, gradient))).toBe(true);
      }
      const readers = graph.nodes.filter(({ inputs }) =>
        inputs.some((input) => input?.producer?.operator === 'QuickGelu'),
      );
      expect(readers.map(({ operator }) => operator)).toEqual(late.map(() => 'Mul'));
    },
  );

  it('takes less memory than its layers alone would in fp32', async () => {
    const script = fileURLToPath(new URL('measure-unfolding.ts', import.meta.url));
    const { stdout } = await run(process.execPath, [script]);
    const { grown, unfolded } = JSON.parse(stdout) as { grown: number; unfolded: number };
    console.info(`a step took ${grown.toFixed(0)} MB; its layers in fp32 would be ${unfolded.toFixed(0)} MB`);
    expect(grown).toBeLessThan(0.7 * unfolded);
  });
});
