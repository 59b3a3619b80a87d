/** The architecture record: everything in which a decoder differs from LLaMA-2, and its validation. */
import { z } from 'zod';
import { ModelFileError } from '../../files/model-file-error.ts';

/** Upper bounds that no model comes near; they keep a damaged header from asking for absurd memory. */
const MAXIMUM_WIDTH = 1 << 18;
const MAXIMUM_VOCABULARY = 1 << 21;
const MAXIMUM_LAYERS = 1024;
const MAXIMUM_POSITIONS = 1 << 24;

const width = z.int().min(1).max(MAXIMUM_WIDTH);
const token = z
  .int()
  .min(0)
  .max(MAXIMUM_VOCABULARY - 1);

const ropeScalingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('linear'), factor: z.number().min(1).max(1e6) }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor: z.number().min(1).max(1e6),
    lowFrequencyFactor: z.number().positive().max(1e6),
    highFrequencyFactor: z.number().positive().max(1e6),
    originalMaximumPositions: z.int().min(1).max(MAXIMUM_POSITIONS),
  }),
]);

const ropeSchema = z.strictObject({
  theta: z.number().min(1).max(1e12),
  /** Which two components rotate together: (2i, 2i + 1) for `interleaved` (llama2.c), (i, i + D/2) for `half` (Hugging Face). */
  layout: z.enum(['interleaved', 'half']),
  /** How positions beyond the trained ones are squeezed in. */
  scaling: ropeScalingSchema.nullable(),
  /** The part of a head that rotates. */
  share: z.literal(1),
  /** Layers whose queries and keys stay as they are. */
  layersWithout: z.array(z.int()).max(0),
});

const normSchema = z.strictObject({
  epsilon: z.number().positive().max(0.1),
  /** What is added to a stored weight: 0, or 1 where weights are stored as their difference from one. */
  offset: z.literal(0),
  /** Where a block norms: its input, its output, or both. */
  placement: z.literal('input'),
});

const architectureSchema = z.strictObject({
  vocabularySize: z.int().min(1).max(MAXIMUM_VOCABULARY),
  hiddenSize: width,
  intermediateSize: width,
  layers: z.int().min(1).max(MAXIMUM_LAYERS),
  heads: width,
  keyValueHeads: width,
  headSize: width,
  maximumPositions: z.int().min(1).max(MAXIMUM_POSITIONS),
  /** Linear layers that add a bias. */
  biases: z.literal('none'),
  /** Norm of queries and keys before they rotate: of each head, or over the whole width. */
  queryKeyNorm: z.literal('none'),
  norm: normSchema,
  rope: ropeSchema,
  /** Scores are multiplied by it; null means 1 / sqrt(headSize). */
  attentionScale: z.null(),
  /** Positions that each layer looks back; null where all layers see everything. */
  windows: z.null(),
  /** c tanh(x / c) of attention scores and of logits; null where there is none. */
  softCaps: z.strictObject({ attention: z.null(), logits: z.null() }),
  /** Rows of the embedding are multiplied by it. */
  embeddingScale: z.literal(1),
  /** Of the gate: silu(gate) * up. */
  activation: z.literal('silu'),
  tiedEmbedding: z.boolean(),
  bosToken: token.nullable(),
  eosTokens: z.array(token).max(64),
  padToken: token,
});

/**
 * Shape and constants of one decoder.
 *
 * - `hiddenSize` H, `intermediateSize` F, `heads` A, `keyValueHeads` G (A is a multiple of G), `headSize` D (even).
 * - `padToken` is always a valid id; padded positions are masked, so its embedding is never seen.
 * - A field of one allowed value names a difference that {@link decoderLayer} does not know yet: a family that has it widens
 *   the field and the layer together.
 * - Whether a checkpoint stores query, key and value (gate and up) as one tensor is its reader's: a base always does.
 */
export type Architecture = z.infer<typeof architectureSchema>;

export type RopeScaling = NonNullable<Architecture['rope']['scaling']>;

/** What LLaMA-2 has where a family says nothing else. */
export const LLAMA: Pick<
  Architecture,
  | 'biases'
  | 'queryKeyNorm'
  | 'norm'
  | 'rope'
  | 'attentionScale'
  | 'windows'
  | 'softCaps'
  | 'embeddingScale'
  | 'activation'
> = {
  biases: 'none',
  queryKeyNorm: 'none',
  norm: { epsilon: 1e-5, offset: 0, placement: 'input' },
  rope: { theta: 10_000, layout: 'half', scaling: null, share: 1, layersWithout: [] },
  attentionScale: null,
  windows: null,
  softCaps: { attention: null, logits: null },
  embeddingScale: 1,
  activation: 'silu',
};

/**
 * Checks a record that came from a file or a caller.
 *
 * @param file named in the error
 * @throws ModelFileError naming the field, the fault and the cure
 */
export function validateArchitecture(value: unknown, file: string): Architecture {
  const cure = 'Correct the architecture record or import the model again';
  const parsed = architectureSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'architecture' : issue.path.join('.');
    throw new ModelFileError(file, field, issue?.message ?? 'is not an architecture record', cure);
  }
  const architecture = parsed.data;
  const refuse = (field: string, fault: string): never => {
    throw new ModelFileError(file, field, fault, cure);
  };
  const { heads, keyValueHeads, headSize, vocabularySize, bosToken, eosTokens, padToken, rope } =
    architecture;
  if (heads % keyValueHeads !== 0) {
    refuse('keyValueHeads', `${heads} heads cannot be shared out over ${keyValueHeads} key-value heads`);
  }
  if (headSize % 2 !== 0) refuse('headSize', `is ${headSize}, but rotary embedding needs an even head size`);
  if (heads * headSize > MAXIMUM_WIDTH)
    refuse('headSize', `${heads} heads of ${headSize} are wider than any model`);
  for (const [field, id] of [
    ['bosToken', bosToken],
    ['padToken', padToken],
    ...eosTokens.map((eos, index) => [`eosTokens.${index}`, eos] as const),
  ] as const) {
    if (id !== null && id >= vocabularySize)
      refuse(field, `is ${id}, outside the vocabulary of ${vocabularySize}`);
  }
  const { scaling } = rope;
  if (scaling?.kind === 'llama3' && scaling.highFrequencyFactor <= scaling.lowFrequencyFactor) {
    refuse('rope.scaling', 'the high frequency factor is not above the low one');
  }
  return architecture;
}
