/** What the engine finds on this machine: whether it runs, how its 8-bit products are exact, threads, memory and CUDA. */
import { availableParallelism, cpus } from 'node:os';
import type { Check, QuestionOf } from '../../shared/engine-questions.ts';
import { gigabytes } from '../../shared/planner/plan.ts';
import { fastestExactProduct } from '../llama/backends/cpu/exact-product.ts';
import { DRIVER, missingCudaLibraries } from '../runner/device.ts';
import { deviceMemoryBytes } from '../tasks/memory-check.ts';
import { Graph } from '../tensor/graph.ts';
import * as ops from '../tensor/operators.ts';
import { serialiseGraph } from '../tensor/serialise.ts';
import { TensorSession } from '../tensor/session.ts';

/** Below this the demo's training step does not fit beside the edge. */
const LEAST_MEMORY = 2e9;

export async function check({ device }: QuestionOf<'check'>): Promise<Check[]> {
  const engine = await checkEngine();
  const eightBit = engine.status === 'passed' ? [await checkEightBit()] : [];
  return [engine, ...eightBit, checkThreads(), checkMemory(), ...checkCuda(device)];
}

/** Loads the engine and adds two numbers in it. */
async function checkEngine(): Promise<Check> {
  const name = 'engine';
  try {
    const graph = new Graph('check');
    graph.output('y', ops.add(graph.input('x', 'float32', [1]), 2));
    const session = await TensorSession.open({ model: serialiseGraph(graph) });
    const { y } = await session.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(3) } });
    await session.close();
    const sum = y?.data[0];
    if (sum === 5) return { name, status: 'passed', found: 'onnxruntime-node runs a graph', cure: null };
    const cure = 'npm ci installs it again; a broken processor or memory gives this, too';
    return { name, status: 'failed', found: `a graph that adds 2 and 3 gives ${sum}`, cure };
  } catch (error) {
    const found = `onnxruntime-node does not run: ${(error as Error).message}`;
    return {
      name,
      status: 'failed',
      found,
      cure: 'npm ci installs it again; it needs 64-bit Linux with glibc',
    };
  }
}

async function checkEightBit(): Promise<Check> {
  const form = await fastestExactProduct();
  const found =
    form === 'signed'
      ? 'products of u8 and s8 are exact (32-bit sums): the fastest form'
      : 'products of u8 and s8 saturate on this processor, so u8 times u8 is used: exact, slower';
  return { name: '8-bit products', status: 'passed', found, cure: null };
}

function checkThreads(): Check {
  const threads = availableParallelism();
  const found = `${threads} of ${cpus()[0]?.model ?? 'an unknown processor'}`;
  if (threads > 1) return { name: 'threads', status: 'passed', found, cure: null };
  const cure = 'two threads or more halve the time; in a container, raise its limit (--cpus)';
  return { name: 'threads', status: 'warning', found, cure };
}

function checkMemory(): Check {
  const bytes = deviceMemoryBytes('cpu') ?? 0;
  const found = `${gigabytes(bytes)} for this process (${process.constrainedMemory() > 0 ? "the container's limit" : "the machine's"})`;
  if (bytes >= LEAST_MEMORY) return { name: 'memory', status: 'passed', found, cure: null };
  const cure = `the demo takes up to ${gigabytes(LEAST_MEMORY)}: give the container more, or see rlcd plan`;
  return { name: 'memory', status: 'warning', found, cure };
}

/** Nothing where nobody asks for CUDA and no driver is there. */
function checkCuda(device: 'auto' | 'cuda'): Check[] {
  const name = 'CUDA';
  const missing = missingCudaLibraries();
  if (missing.length === 0) {
    const memory = deviceMemoryBytes('cuda');
    const found = `complete${memory === null ? '' : `, the first card has ${gigabytes(memory)}`}`;
    return [{ name, status: 'passed', found, cure: null }];
  }
  if (device === 'auto' && missing.some(({ library }) => library === DRIVER)) return [];
  const status = device === 'cuda' ? 'failed' : 'warning';
  const found = `missing is ${missing.map(({ library }) => library).join(', ')}`;
  return [{ name, status, found, cure: [...new Set(missing.map(({ cure }) => cure))].join('; ') }];
}
