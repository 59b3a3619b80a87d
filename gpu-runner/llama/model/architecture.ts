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

const factor = z.number().min(1).max(1e6);
const positions = z.int().min(1).max(MAXIMUM_POSITIONS);

const ropeScalingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('linear'), factor }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor,
    lowFrequencyFactor: z.number().positive().max(1e6),
    highFrequencyFactor: z.number().positive().max(1e6),
    originalMaximumPositions: positions,
  }),
  z.strictObject({
    kind: z.literal('yarn'),
    factor,
    originalMaximumPositions: positions,
    /** Turns per original context above which a pair keeps its frequency, and below which it is slowed by the factor. */
    betaFast: z.number().positive().max(1e6),
    betaSlow: z.number().positive().max(1e6),
    /** Cosine and sine are multiplied by it; null means 0.1 ln(factor) + 1. */
    attentionFactor: z.number().positive().max(1e3).nullable(),
    /** Whether the first and last pair of the blend are rounded to whole ones. */
    truncate: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('longrope'),
    /** What the frequency of each pair is divided by. */
    factors: z.array(z.number().positive().max(1e6)).max(MAXIMUM_WIDTH),
    /** Cosine and sine are multiplied by it. */
    attentionFactor: z.number().positive().max(1e3),
  }),
]);

const theta = z.number().min(1).max(1e12);

const ropeSchema = z.strictObject({
  theta,
  /** Which two components rotate together: (2i, 2i + 1) for `interleaved` (llama2.c), (i, i + D/2) for `half` (Hugging Face). */
  layout: z.enum(['interleaved', 'half']),
  /** Components of a head that rotate, from its first; the others stay as they are. */
  rotarySize: z.int().min(2).max(MAXIMUM_WIDTH),
  /** Layers whose queries and keys stay as they are. */
  layersWithout: z.array(z.int().min(0)).max(MAXIMUM_LAYERS),
  /** How positions beyond the trained ones are squeezed in. */
  scaling: ropeScalingSchema.nullable(),
  /** Layers with a window turn by this theta instead, unscaled. */
  local: z.strictObject({ theta }).nullable(),
});

const normSchema = z.strictObject({
  epsilon: z.number().positive().max(0.1),
  /** Where a block norms: its input, its output before that is added to the stream, or both. */
  placement: z.enum(['input', 'output', 'both']),
});

const biasesSchema = z.strictObject({
  queryKeyValue: z.boolean(),
  attentionOutput: z.boolean(),
  feedForward: z.boolean(),
});

const softCap = z.number().positive().max(1e6).nullable();

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
  biases: biasesSchema,
  /** Norm of queries and keys before they rotate: of each head, or over the whole width. */
  queryKeyNorm: z.enum(['none', 'head', 'width']),
  norm: normSchema,
  rope: ropeSchema,
  /** Scores are multiplied by it; null means 1 / sqrt(headSize). */
  attentionScale: z.number().positive().max(1e3).nullable(),
  /** Positions that each layer sees, the token's own among them; null where it, or all layers, see everything. */
  windows: z.array(positions.nullable()).max(MAXIMUM_LAYERS).nullable(),
  /** c tanh(x / c) of attention scores and of logits; null where there is none. */
  softCaps: z.strictObject({ attention: softCap, logits: softCap }),
  /** Rows of the embedding are multiplied by it. */
  embeddingScale: z.number().positive().max(1e6),
  /** Of the gate: activation(gate) * up. `gelu-tanh` is the tanh approximation, `gelu` the exact one. */
  activation: z.enum(['silu', 'gelu-tanh', 'gelu']),
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
 * - Norm weights are what a row is multiplied by: a family that stores their difference from one adds it when it is read.
 * - Whether a checkpoint stores query, key and value (gate and up) as one tensor is its reader's: a base always does.
 */
export type Architecture = z.infer<typeof architectureSchema>;

export type RopeScaling = NonNullable<Architecture['rope']['scaling']>;

/** What LLaMA-2 has where a family says nothing else. How much of a head rotates goes with the head's size. */
export const LLAMA: Pick<
  Architecture,
  | 'biases'
  | 'queryKeyNorm'
  | 'norm'
  | 'attentionScale'
  | 'windows'
  | 'softCaps'
  | 'embeddingScale'
  | 'activation'
> & { readonly rope: Omit<Architecture['rope'], 'rotarySize'> } = {
  biases: { queryKeyValue: false, attentionOutput: false, feedForward: false },
  queryKeyNorm: 'none',
  norm: { epsilon: 1e-5, placement: 'input' },
  rope: { theta: 10_000, layout: 'half', layersWithout: [], scaling: null, local: null },
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
  const refuse: Refuse = (field, fault) => {
    throw new ModelFileError(file, field, fault, cure);
  };
  const { heads, keyValueHeads, headSize, vocabularySize, bosToken, eosTokens, padToken } = architecture;
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
  checkRope(architecture, refuse);
  const { layers, windows } = architecture;
  if (windows !== null && windows.length !== layers)
    refuse('windows', `has ${windows.length} entries for ${layers} layers`);
  return architecture;
}

type Refuse = (field: string, fault: string) => never;

function checkRope({ headSize, layers, rope }: Architecture, refuse: Refuse): void {
  const { rotarySize, layersWithout, scaling } = rope;
  if (rotarySize % 2 !== 0 || rotarySize > headSize)
    refuse('rope.rotarySize', `is ${rotarySize}: it must be even and at most the head size ${headSize}`);
  if (layersWithout.some((layer, index) => layer >= layers || layer <= (layersWithout[index - 1] ?? -1)))
    refuse('rope.layersWithout', `must be rising indices of the ${layers} layers`);
  if (scaling?.kind === 'llama3' && scaling.highFrequencyFactor <= scaling.lowFrequencyFactor) {
    refuse('rope.scaling', 'the high frequency factor is not above the low one');
  }
  if (scaling?.kind === 'yarn' && scaling.betaFast < scaling.betaSlow)
    refuse('rope.scaling', 'betaFast is below betaSlow');
  if (scaling?.kind === 'yarn' && rope.theta <= 1)
    refuse('rope.theta', 'is 1, by which no pair turns slower');
  if (scaling?.kind === 'longrope' && scaling.factors.length !== rotarySize / 2)
    refuse('rope.scaling.factors', `has ${scaling.factors.length} entries for ${rotarySize / 2} pairs`);
}
