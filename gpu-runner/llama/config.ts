/** The LLaMA architecture record that import, graphs and benches share, its validation and the named shapes. */
import { z } from 'zod';
import { ModelFileError } from './import/model-file-error.ts';

/** Upper bounds that no LLaMA comes near; they keep a damaged header from asking for absurd memory. */
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

const configurationSchema = z.strictObject({
  vocabularySize: z.int().min(1).max(MAXIMUM_VOCABULARY),
  hiddenSize: width,
  intermediateSize: width,
  layers: z.int().min(1).max(MAXIMUM_LAYERS),
  heads: width,
  keyValueHeads: width,
  headSize: width,
  maximumPositions: z.int().min(1).max(MAXIMUM_POSITIONS),
  rmsNormEpsilon: z.number().positive().max(0.1),
  ropeTheta: z.number().min(1).max(1e12),
  ropeLayout: z.enum(['interleaved', 'half']),
  ropeScaling: ropeScalingSchema.nullable(),
  tiedEmbedding: z.boolean(),
  bosToken: token.nullable(),
  eosTokens: z.array(token).max(64),
  padToken: token,
});

/**
 * Shape and constants of one LLaMA.
 *
 * - `hiddenSize` H, `intermediateSize` F, `heads` A, `keyValueHeads` G (A is a multiple of G), `headSize` D (even).
 * - `ropeLayout`: which two components rotate together, (2i, 2i+1) for `interleaved` (llama2.c) or (i, i + D/2)
 *   for `half` (Hugging Face).
 * - `padToken` is always a valid id; padded positions are masked, so its embedding is never seen.
 */
export type LlamaConfiguration = z.infer<typeof configurationSchema>;

/** How positions beyond the trained ones are squeezed into the rotary embedding. */
export type RopeScaling = NonNullable<LlamaConfiguration['ropeScaling']>;

/**
 * Checks a record that came from a file or a caller.
 *
 * @param file named in the error
 * @throws ModelFileError naming the field, the fault and the cure
 */
export function validateConfiguration(value: unknown, file: string): LlamaConfiguration {
  const cure = 'Correct the model configuration or import the model again';
  const parsed = configurationSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'configuration' : issue.path.join('.');
    throw new ModelFileError(file, field, issue?.message ?? 'is not a configuration', cure);
  }
  const configuration = parsed.data;
  const refuse = (field: string, fault: string): never => {
    throw new ModelFileError(file, field, fault, cure);
  };
  const { heads, keyValueHeads, headSize, vocabularySize, bosToken, eosTokens, padToken, ropeScaling } =
    configuration;
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
  if (ropeScaling?.kind === 'llama3' && ropeScaling.highFrequencyFactor <= ropeScaling.lowFrequencyFactor) {
    refuse('ropeScaling', 'the high frequency factor is not above the low one');
  }
  return configuration;
}

type ShapeRow = Pick<
  LlamaConfiguration,
  | 'hiddenSize'
  | 'intermediateSize'
  | 'layers'
  | 'heads'
  | 'keyValueHeads'
  | 'vocabularySize'
  | 'tiedEmbedding'
> & { ropeLayout?: LlamaConfiguration['ropeLayout'] };

function shape(row: ShapeRow): LlamaConfiguration {
  return {
    headSize: row.hiddenSize / row.heads,
    maximumPositions: 2048,
    rmsNormEpsilon: 1e-5,
    ropeTheta: 10_000,
    ropeLayout: 'half',
    ropeScaling: null,
    bosToken: 1,
    eosTokens: [2],
    padToken: 0,
    ...row,
  };
}

/** The shapes that benches and memory formulas name. */
export const namedShapes = {
  /** 3M parameters: the shape of stories3M. */
  m3: shape({
    hiddenSize: 192,
    intermediateSize: 512,
    layers: 6,
    heads: 6,
    keyValueHeads: 2,
    vocabularySize: 4096,
    tiedEmbedding: true,
    ropeLayout: 'interleaved',
  }),
  /** 15M parameters: the shape of stories15M. */
  m15: shape({
    hiddenSize: 288,
    intermediateSize: 768,
    layers: 6,
    heads: 6,
    keyValueHeads: 6,
    vocabularySize: 32_000,
    tiedEmbedding: true,
    ropeLayout: 'interleaved',
  }),
  /** 135M parameters: the shape of SmolLM-135M. */
  m135: shape({
    hiddenSize: 576,
    intermediateSize: 1536,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    vocabularySize: 49_152,
    tiedEmbedding: true,
  }),
  /** 1.1B parameters: the shape of TinyLlama. */
  m1b: shape({
    hiddenSize: 2048,
    intermediateSize: 5632,
    layers: 22,
    heads: 32,
    keyValueHeads: 4,
    vocabularySize: 32_000,
    tiedEmbedding: false,
  }),
  /** LLaMA 7B. */
  llama7b: shape({
    hiddenSize: 4096,
    intermediateSize: 11_008,
    layers: 32,
    heads: 32,
    keyValueHeads: 32,
    vocabularySize: 32_000,
    tiedEmbedding: false,
  }),
  /** LLaMA 30B. */
  llama30b: shape({
    hiddenSize: 6656,
    intermediateSize: 17_920,
    layers: 60,
    heads: 52,
    keyValueHeads: 52,
    vocabularySize: 32_000,
    tiedEmbedding: false,
  }),
} as const satisfies Record<string, LlamaConfiguration>;
