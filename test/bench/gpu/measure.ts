/** Samples and trains a shape on the card and sums it up; every figure is of this run. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { planMemory } from '../../../shared/planner/plan.ts';
import { writeRandomCudaBase } from './random-cuda-base.ts';
import { cudaWeightBytes } from '../../../gpu-runner/llama/backends/cuda/cuda-layout.ts';
import type { DecodeAttention } from '../../../gpu-runner/llama/backends/cuda/rollout-graph.ts';
import { cudaBackend } from '../../../gpu-runner/llama/backends/cuda/cuda-backend.ts';
import { Sampler } from '../../../gpu-runner/llama/sampler/sampler.ts';
import { adapterLayout, initialAdapter } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { copyBandwidth } from './copy-bandwidth.ts';
import { measurePpoStep, PPO_ROWS, PPO_TOKENS } from './ppo-step.ts';
import { CardMemory } from './card-memory.ts';
import { type GpuShape, NEW_TOKENS, PROMPT_TOKENS, RANK } from './shapes.ts';

const SEED = 1;
const REPEATS = 3;

/** Everything that the bench prints of a shape. */
export async function measureGpu(
  { name, architecture, sampleBatches, trains }: GpuShape,
  attention: DecodeAttention | undefined,
): Promise<Record<string, unknown>> {
  const folder = path.join(tmpdir(), `rlcd-bench-cuda-${name}-${SEED}`);
  await writeRandomCudaBase(folder, architecture, SEED);
  const backend = cudaBackend({ architecture, isTurned: true }, folder, attention);
  const bytesPerSecond = await copyBandwidth();
  const card = new CardMemory();
  const layout = adapterLayout(architecture, RANK, 2 * RANK);
  const vector = initialAdapter(layout, SEED, 0);
  const sampling: Record<string, unknown>[] = [];
  for (const rows of sampleBatches) {
    const sampler = await Sampler.open({
      backend,
      adapters: { layout, groups: 1 },
      maximumPositions: PROMPT_TOKENS + NEW_TOKENS,
      rows,
      runMilliseconds: 60_000,
    });
    const sample = async (maximumNewTokens: number): Promise<number> => {
      const started = performance.now();
      await sampler.sample(request(rows, maximumNewTokens, architecture.vocabularySize), vector);
      return performance.now() - started;
    };
    await sample(NEW_TOKENS);
    const whole = await best(() => sample(NEW_TOKENS));
    const prompt = await best(() => sample(1));
    await sampler.close();
    const stepMs = (whole - prompt) / (NEW_TOKENS - 1);
    sampling.push({
      batch: rows,
      tokensPerSecond: (rows * NEW_TOKENS * 1000) / whole,
      decodeStepMs: stepMs,
      // A step that only read the 8-bit weights at the measured copy speed would take all of the roofline.
      rooflineShare: (cudaWeightBytes(architecture) / bytesPerSecond) * (1000 / stepMs),
    });
  }
  const ppo = trains ? await measurePpoStep(backend, layout) : null;
  const { peakBytes } = card.stop();
  const planned = planMemory('cuda', architecture, {
    sampleRows: trains ? PPO_ROWS.sample : Math.max(...sampleBatches),
    promptTokens: trains ? PPO_TOKENS / 2 : PROMPT_TOKENS,
    newTokens: trains ? PPO_TOKENS / 2 : NEW_TOKENS,
    trainRows: trains ? PPO_ROWS.train : 0,
    trainGroups: 2,
    rank: RANK,
  });
  return {
    shape: name,
    device: deviceName(),
    date: new Date().toISOString(),
    copyGigabytesPerSecond: bytesPerSecond / 1e9,
    sampling,
    ppo,
    peakBytes,
    plannedBytes: planned.total,
    plannedParts: planned.parts,
    peakOverPlanned: peakBytes === null ? null : peakBytes / planned.total,
  };
}

async function best(run: () => Promise<number>): Promise<number> {
  let shortest = Infinity;
  for (let repeat = 0; repeat < REPEATS; repeat++) shortest = Math.min(shortest, await run());
  return shortest;
}

function request(rows: number, maximumNewTokens: number, vocabularySize: number) {
  return {
    prompts: Array.from({ length: rows }, (_, row) =>
      Int32Array.from(
        { length: PROMPT_TOKENS },
        (_unused, index) => (row * 61 + index * 37 + 3) % vocabularySize,
      ),
    ),
    maximumNewTokens,
    seed: SEED,
    rowIds: Array.from({ length: rows }, (_, row) => row),
  };
}

function deviceName(): string {
  return execFileSync('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader'], {
    encoding: 'utf8',
  }).trim();
}
