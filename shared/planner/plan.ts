/** The memory planner: what a job needs, part by part, before anything is loaded, and what to change where it does not fit. */
import {
  ASSUMED_CPU_RATE,
  assumedRowStep,
  chunkSteps,
  replicaCount,
  LEAST_REPLICA_ROWS,
  RUN_MILLISECONDS,
  runSteps,
} from './cpu-sampler.ts';
import {
  adapterNumbers,
  baseBytes,
  cacheBytesPerPlace,
  cpuStepBytes,
  keptPerToken,
  largestMatrix,
  type ModelShape,
  passingBytes,
  type PlannedDevice,
  vocabularyBlock,
} from './model-bytes.ts';
import { laneCount, partTokens } from './step-parts.ts';

/** What a process holds at the same time. 0 rows leaves that session out. */
export interface Workload {
  /** rows that are sampled together, all policies */
  readonly sampleRows: number;
  readonly promptTokens: number;
  readonly newTokens: number;
  /** rows of one adapter group that one micro-batch trains */
  readonly trainRows: number;
  /** adapter groups that train side by side: a policy and its value model are two */
  readonly trainGroups: number;
  readonly rank: number;
  /** rows that are read together without a gradient, such as for the contrast as reward; none unless given */
  readonly readRows?: number;
}

/** Bytes by what they hold. */
interface MemoryParts {
  /** the process and the engine without any model */
  readonly process: number;
  /** the frozen base of each session that reads it, and what is unfolded of it */
  readonly weights: number;
  /** trained vectors and their gradients */
  readonly adapters: number;
  /** the optimiser's means and variances */
  readonly moments: number;
  /** keys and values of all rows at their longest, with the copies that are made of them */
  readonly keyValueCache: number;
  /** what the layers compute: of a prompt's pass, and of the training step with what the engine's arena wastes */
  readonly activations: number;
  /** logits, probabilities, and the vocabulary's rows where they are unfolded */
  readonly vocabulary: number;
  /** tokens and their numbers */
  readonly rollouts: number;
}

export interface MemoryPlan {
  readonly device: PlannedDevice;
  readonly parts: MemoryParts;
  readonly total: number;
}

const MEBIBYTE = 2 ** 20;

/** What was fitted to measured peaks; see docs/gpu.md. */
const CPU = {
  /** Node with the modules of a bench */
  process: 123e6,
  /** pages of the engine's library that a loaded session touches, and what is left of building its graph */
  session: 20e6,
  layer: 2.9e6,
  /** the same of a trainer, whose graph is several times as large */
  trainerSession: 56e6,
  trainerLayer: 5.5e6,
  /** a further thread that samples part of the rows */
  replica: 35e6,
  /** a sampler's small buffers */
  sampler: 20e6,
  /** vectors of a group that a trainer holds, of parameters and gradients, and of moments */
  adapterVectors: 10,
  momentVectors: 5.3,
  logitCopies: 3,
  /** an arena below 2 GiB: what its regions waste */
  waste: 1.03,
};

/** Threads that a CPU is taken to have. */
const THREADS = 2;

/** Not measured: what a CUDA context with its libraries is taken to hold. */
const CUDA_PROCESS = 1e9;

const FLOAT = 4;
const HALF = 2;

/** The plan of a workload on one device. */
export function planMemory(device: PlannedDevice, model: ModelShape, workload: Workload): MemoryPlan {
  const parts = device === 'cpu' ? cpuParts(model, workload) : gpuParts(device, model, workload);
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return { device, parts, total };
}

/**
 * What the engine's arena takes to hold so many bytes. Inferred from peaks, not read off the arena: below 2 GiB little more than
 * that; above it they lie where regions of 1, 2, 4, ... MiB up to 1 GiB, and of 1 GiB from there on, would all be touched.
 */
function arenaBytes(held: number): number {
  const doubled = 2047 * MEBIBYTE;
  return held <= doubled
    ? CPU.waste * held
    : doubled + Math.ceil((held - doubled) / (1024 * MEBIBYTE)) * 1024 * MEBIBYTE;
}

/**
 * A CPU. Weights of products stand twice in each session: packed by the engine, and as pages of a file that it maps (what it
 * packed from in a sampler, what the backward pass reads in a trainer, or the packed integers that it multiplies by in one of a
 * wide model). Of the embedding only the rows of its tokens are read. A training step unfolds one matrix to fp32 at a time, and
 * computes the gated activation again, so that it keeps 3 F of 4 F.
 */
function cpuParts(model: ModelShape, workload: Workload): MemoryParts {
  const { sampleRows, trainRows, trainGroups, rank, promptTokens, newTokens, readRows = 0 } = workload;
  const { vocabularySize, hiddenSize, intermediateSize, layers } = model;
  const positions = promptTokens + newTokens;
  const weights = baseBytes('cpu', model);
  const samples = sampleRows === 0 ? 0 : replicaCount(weights, sampleRows, THREADS);
  // A trainer has a session for each of its lanes, and each holds a part of a batch.
  const trains = trainRows > 0 ? laneCount(weights, THREADS) : 0;
  const vector = FLOAT * adapterNumbers(model, rank);
  const table = vocabularySize * (hiddenSize + FLOAT);
  const partRowTokens = Math.min(trainRows * positions, partTokens(model) + positions);
  const tokens = trainGroups * partRowTokens;
  // In the arena of a session of a trainer. Five vectors a group: cut into tensors, side by side as one product reads them,
  // and gradients, of which some take the place of what the vocabulary leaves free.
  const { activations: kept, ...step } = cpuStepBytes(model, { tokens, time: positions, rank });
  // Gradients that flow through one layer.
  const flowing = FLOAT * tokens * (6 * intermediateSize + 4 * hiddenSize);
  const { vocabulary } = step;
  const unfolded = FLOAT * largestMatrix(model);
  const held = kept + flowing + vocabulary + unfolded + 5 * vector * trainGroups;
  const reads = Number(readRows > 0);
  // A rollout of more than one run hands its caches to the host and back.
  const cacheCopies = newTokens > firstRunSteps(model, weights, sampleRows) ? 4 : 1;
  return {
    process:
      CPU.process +
      (samples + reads) * (CPU.session + CPU.layer * layers) +
      trains * (CPU.trainerSession + CPU.trainerLayer * layers) +
      Math.min(1, samples) * CPU.sampler +
      Math.max(0, samples - 1) * CPU.replica,
    weights: (samples + reads + trains) * 2 * (weights - table) + trains * unfolded,
    // A sampler: its policies' vectors, cut, and side by side. A trainer: in each lane parameters, gradients, and what the arena
    // holds; once the moments of its states, of which zeros take no page where they are large.
    adapters:
      Math.min(1, samples) * 3 * vector * Math.max(1, trainGroups / 2) +
      trains * CPU.adapterVectors * vector * trainGroups,
    moments: Number(trains > 0) * CPU.momentVectors * vector * trainGroups,
    keyValueCache: cacheCopies * sampleRows * positions * cacheBytesPerPlace('cpu', model),
    activations:
      passingBytes(model, sampleRows, promptTokens) +
      passingBytes(model, readRows, positions) +
      trains * (kept + flowing + arenaBytes(held) - held),
    vocabulary:
      FLOAT * CPU.logitCopies * (sampleRows + reads * vocabularyBlock(model)) * vocabularySize +
      trains * vocabulary,
    rollouts: 24 * (sampleRows + trainRows) * positions,
  };
}

/**
 * A GPU: fp16 caches and activations, of which a training step keeps one layer and the inputs of all. A session holds the base
 * once; one matrix at a time is unfolded to fp16.
 */
function gpuParts(device: PlannedDevice, model: ModelShape, workload: Workload): MemoryParts {
  const { sampleRows, trainRows, trainGroups, rank, promptTokens, newTokens, readRows = 0 } = workload;
  const { vocabularySize, hiddenSize, intermediateSize, layers, heads, keyValueHeads, headSize } = model;
  const positions = promptTokens + newTokens;
  const sessions = Number(sampleRows > 0) + Number(readRows > 0) + Number(trainRows > 0);
  const trains = trainRows > 0 ? 1 : 0;
  const groups = trains * trainGroups;
  const vector = adapterNumbers(model, rank);
  const tokens = trainRows * trainGroups * positions;
  const prompt = Math.max(sampleRows * promptTokens, readRows * positions);
  const mixed = (heads + 2 * keyValueHeads) * headSize;
  // Live at a time in a pass without a backward: stream, norm, projections, gate and up with their product.
  const passing = 3 * hiddenSize + 2 * mixed + heads * headSize + 4 * intermediateSize;
  // With one: every kept result once and the gradients that flow over it once more; scores and probabilities also in fp32.
  const kept = keptPerToken(model, positions, rank) - heads * positions;
  const attention = heads * positions * (4 * HALF + 2 * FLOAT);
  const recomputed = tokens * (2 * HALF * kept + attention);
  const boundaries = HALF * tokens * hiddenSize * layers + 3 * FLOAT * tokens * hiddenSize;
  const unfolded = HALF * largestMatrix(model);
  const block = vocabularyBlock(model);
  return {
    process: CUDA_PROCESS,
    weights: sessions * baseBytes(device, model),
    // fp32 in and out of a step with its gradient, and fp16 where a graph reads it.
    adapters: vector * ((sampleRows > 0 ? FLOAT + HALF : 0) + groups * (4 * FLOAT + 2 * HALF)),
    moments: groups * vector * 4 * FLOAT,
    keyValueCache: 2 * sampleRows * positions * cacheBytesPerPlace(device, model),
    activations:
      Math.max(HALF * prompt * passing, trains * (recomputed + boundaries)) + (sessions > 0 ? unfolded : 0),
    vocabulary:
      sampleRows * vocabularySize * (HALF + 3 * FLOAT) +
      trains * (block * vocabularySize * (2 * HALF + 3 * FLOAT) + HALF * vocabularySize * hiddenSize),
    rollouts: 24 * (sampleRows + trainRows) * positions,
  };
}

/**
 * Steps of a sampler's first run, before it has measured its speed, with the prompt's own. Rows are those of the fullest replica
 * of any batch up to this one, so that more rows never plan for less.
 */
function firstRunSteps(model: ModelShape, weights: number, rows: number): number {
  const replicas = replicaCount(weights, rows, THREADS);
  const fullest = Math.max(Math.ceil(rows / replicas), Math.min(rows, THREADS * LEAST_REPLICA_ROWS - 1));
  const rowStep = assumedRowStep(model, ASSUMED_CPU_RATE);
  return runSteps(rowStep, Math.max(1, fullest), chunkSteps(model), RUN_MILLISECONDS) + 1;
}

/** A change that makes a job fit. */
interface Suggestion {
  readonly workload: Workload;
  /** such as `batch 8` or `rank 8` */
  readonly change: string;
}

/** Halves of a number down to 1, the largest first. */
function halves(from: number): number[] {
  return from <= 1 ? [] : [Math.floor(from / 2), ...halves(Math.floor(from / 2))];
}

/**
 * The least that has to change for the job to fit: the largest smaller batch, and the largest smaller rank, each found by
 * trying; both at once where neither alone does. Empty where not even that helps.
 */
export function suggestions(
  device: PlannedDevice,
  model: ModelShape,
  workload: Workload,
  limit: number,
): Suggestion[] {
  const fits = (changed: Workload): boolean => planMemory(device, model, changed).total <= limit;
  const smaller = (part: number, of: number, rows: number): number =>
    of === 0 ? 0 : Math.max(1, Math.floor((of * part) / rows));
  const rows = Math.max(workload.sampleRows, workload.trainRows);
  const batches = halves(rows).map((part) => ({
    change: `batch ${part}`,
    workload: {
      ...workload,
      sampleRows: smaller(part, workload.sampleRows, rows),
      trainRows: smaller(part, workload.trainRows, rows),
    },
  }));
  const ranks =
    workload.trainRows === 0
      ? []
      : halves(workload.rank).map((rank) => ({
          change: `rank ${rank}`,
          workload: { ...workload, rank },
        }));
  const batch = batches.find((one) => fits(one.workload));
  const rank = ranks.find((one) => fits(one.workload));
  const alone = [batch, rank].filter((one) => one !== undefined);
  if (alone.length > 0) return alone;
  for (const one of batches) {
    for (const other of ranks) {
      const both = { ...one.workload, rank: other.workload.rank };
      if (fits(both)) return [{ change: `${one.change} and ${other.change}`, workload: both }];
    }
  }
  return [];
}

/** Bytes as people read them: 31.2 GB. */
export function gigabytes(bytes: number): string {
  const value = bytes / 1e9;
  return `${value >= 100 ? Math.round(value) : value.toPrecision(3)} GB`;
}

/** Why a job does not fit, with the cure; null where it does. */
export function refusal(
  device: PlannedDevice,
  model: ModelShape,
  workload: Workload,
  limit: number,
): string | null {
  const { total } = planMemory(device, model, workload);
  if (total <= limit) return null;
  const cures = suggestions(device, model, workload, limit).map(({ change }) => change);
  const place = device === 'cpu' ? 'the machine' : 'the card';
  const cure = cures.length > 0 ? `use ${cures.join(' or ')}` : 'take a smaller model or a larger device';
  return `needs ${gigabytes(total)}, ${place} has ${gigabytes(limit)}: ${cure}`;
}
