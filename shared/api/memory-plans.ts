/** The contract of memory plans: what a job needs on a device, before anything is loaded. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';

const width = z.int().min(1).max(262_144);
const rows = z.int().min(0).max(1_000_000);
const tokens = z.int().min(0).max(16_777_216);
const bytes = z.number().nonnegative();

/** Shape of a LLaMA; heads times head size need not be the hidden size. */
export const modelShape = z.strictObject({
  vocabularySize: z.int().min(1).max(2_097_152),
  hiddenSize: width,
  intermediateSize: width,
  layers: z.int().min(1).max(1024),
  heads: width,
  keyValueHeads: width,
  headSize: width,
  tiedEmbedding: z.boolean(),
});

const workload = z.strictObject({
  /** Rows that are sampled together; 0 where nothing is sampled. */
  sampleRows: rows,
  promptTokens: tokens,
  newTokens: tokens,
  /** Rows of one adapter group in a micro-batch; 0 where nothing is trained. */
  trainRows: rows,
  /** Adapter groups that train side by side: a policy and its value model are two. */
  trainGroups: z.int().min(1).max(64),
  rank: z.int().min(1).max(1024),
});

const memoryPlan = z
  .object({
    device: z.enum(['cpu', 'cuda']),
    /** Bytes by what they hold. */
    parts: z.object({
      process: bytes,
      weights: bytes,
      adapters: bytes,
      moments: bytes,
      keyValueCache: bytes,
      activations: bytes,
      vocabulary: bytes,
      rollouts: bytes,
    }),
    totalBytes: bytes,
    /** Why it does not fit and what to change; null where it fits or no memory was given. */
    refusal: z.string().nullable(),
    /** The least changes that make it fit, such as `batch 8`. */
    suggestions: z.array(z.string()),
  })
  .meta({ id: 'MemoryPlan' });

export const memoryPlanEndpoints = defineEndpoints({
  planMemory: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/memory-plans',
    tag: 'runners',
    summary: 'Plan the memory of a job on a device, part by part; nothing is stored',
    scopes: ['admin', 'client'],
    body: z.strictObject({
      device: z.enum(['cpu', 'cuda']),
      model: modelShape,
      workload,
      /** What the device has; left out, nothing is refused. */
      memoryBytes: z.number().positive().max(1e15).optional(),
    }),
    status: 200,
    response: memoryPlan,
  },
});
