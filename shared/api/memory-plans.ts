/** The contract of memory plans: what a job needs on a device, before anything is loaded. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';

const width = z.int().min(1).max(262_144);
const rows = z.int().min(0).max(1_000_000);
const tokens = z.int().min(0).max(16_777_216);
const bytes = z.number().nonnegative();

/** Shape of a LLaMA; heads times head size need not be the hidden size. */
export const modelShape = z
  .strictObject({
    vocabularySize: z.int().min(1).max(2_097_152).describe('Tokens of the vocabulary'),
    hiddenSize: width.describe('Width of the hidden state'),
    intermediateSize: width.describe('Width of the feed-forward layers'),
    layers: z.int().min(1).max(1024).describe('Decoder layers'),
    heads: width.describe('Attention heads of the queries'),
    keyValueHeads: width.describe('Attention heads of keys and values'),
    headSize: width.describe('Width of a head'),
    tiedEmbedding: z.boolean().describe('Whether the output layer is the embedding'),
  })
  .meta({
    id: 'ModelShape',
    description: 'Shape of a LLaMA; heads times head size need not be the hidden size',
  });

const workload = z
  .strictObject({
    sampleRows: rows.describe('Rows that are sampled together; 0 where nothing is sampled'),
    promptTokens: tokens.describe('Tokens of the longest prompt'),
    newTokens: tokens.describe('Tokens of the longest answer'),
    trainRows: rows.describe('Rows of one adapter group in a micro-batch; 0 where nothing is trained'),
    trainGroups: z
      .int()
      .min(1)
      .max(64)
      .describe('Adapter groups that train side by side: a policy and its value model are two'),
    rank: z.int().min(1).max(1024).describe('Rank of the adapters'),
  })
  .meta({ id: 'Workload', description: 'What is sampled and trained at once' });

const memoryPlan = z
  .object({
    device: z.enum(['cpu', 'cuda']).describe('The device'),
    parts: z
      .object({
        process: bytes.describe('Bytes of the process itself'),
        weights: bytes.describe("Bytes of the base's weights"),
        adapters: bytes.describe('Bytes of the adapters'),
        moments: bytes.describe("Bytes of the optimiser's moments"),
        keyValueCache: bytes.describe('Bytes of keys and values while sampling'),
        activations: bytes.describe('Bytes of what the backward pass needs'),
        vocabulary: bytes.describe('Bytes of scores over the vocabulary'),
        rollouts: bytes.describe('Bytes of the rollouts that are kept'),
      })
      .describe('Bytes by what they hold'),
    totalBytes: bytes.describe('All parts together, in bytes'),
    refusal: z
      .string()
      .nullable()
      .describe('Why it does not fit and what to change; null where it fits or no memory was given'),
    suggestions: z.array(z.string()).describe('The least changes that make it fit, such as `batch 8`'),
  })
  .meta({ id: 'MemoryPlan', description: 'What a job needs on a device' });

export const memoryPlanEndpoints = defineEndpoints({
  planMemory: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/memory-plans',
    tag: 'runners',
    summary: 'Plan the memory of a job on a device, part by part; nothing is stored',
    scopes: ['admin', 'client'],
    body: z.strictObject({
      device: z.enum(['cpu', 'cuda']).describe('The device'),
      model: modelShape,
      workload,
      memoryBytes: z
        .number()
        .positive()
        .max(1e15)
        .optional()
        .describe('What the device has; left out, nothing is refused'),
    }),
    status: 200,
    response: memoryPlan,
  },
});
