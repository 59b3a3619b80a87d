/** What the architectures of llama.cpp are in terms of the architecture record, where they differ from LLaMA-2. */
import type { Architecture } from '../../model/architecture.ts';
import type { GgufMetadata } from './metadata.ts';

/** What a family decides with once its shape is known. */
interface Known {
  readonly metadata: GgufMetadata;
  /** Name of a field under the family's own prefix. */
  readonly key: (name: string) => string;
  readonly layers: number;
  readonly heads: number;
  readonly hiddenSize: number;
  readonly headSize: number;
}

type Differences = Partial<
  Pick<Architecture, 'queryKeyNorm' | 'attentionScale' | 'softCaps' | 'embeddingScale' | 'activation'>
> & {
  readonly placement?: Architecture['norm']['placement'];
  readonly rope?: Partial<Pick<Architecture['rope'], 'local' | 'layersWithout'>>;
};

export interface GgufFamily {
  /** Whether llama.cpp holds the rows of query and key in the order that turns neighbours together. */
  readonly interleaved: boolean;
  /** Whether query, key and value are one tensor, and gate and up another. */
  readonly fused: boolean;
  /** Every so many layers one sees everything, unless the file says otherwise; null where no layer is such. */
  readonly windowPeriod: number | null;
  /** The tensors of factors that llama.cpp reads for it. */
  readonly ropeFactors: 'rope_freqs' | 'longrope' | null;
  /** Whether llama.cpp has no place for an output matrix of its own. */
  readonly alwaysTied: boolean;
  readonly differences: (known: Known) => Differences;
}

const SMOLLM3_ROPE_PERIOD = 4;
const GEMMA2_PERIOD = 2;
const GEMMA3_PERIOD = 6;
/** What llama.cpp caps a Gemma 2 by where the file does not say it. */
const GEMMA2_CAPS = { attention: 50, logits: 30 };
const GEMMA3_LOCAL_THETA = 10_000;
/** Layers of the Gemmas whose scores are scaled by the width of a head's share, not by the head's own size. */
const GEMMA2_27B_LAYERS = 46;
const GEMMA3_27B_LAYERS = 62;

function family(
  differences: GgufFamily['differences'] = () => ({}),
  more: Partial<GgufFamily> = {},
): GgufFamily {
  return {
    interleaved: false,
    fused: false,
    windowPeriod: null,
    ropeFactors: null,
    alwaysTied: false,
    differences,
    ...more,
  };
}

function gemma(
  { metadata, key, hiddenSize, heads, headSize, layers }: Known,
  layersOf27B: number,
  caps: Architecture['softCaps'],
): Differences {
  const size = layers === layersOf27B ? hiddenSize / heads : headSize;
  return {
    placement: 'both',
    activation: 'gelu-tanh',
    embeddingScale: Math.sqrt(hiddenSize),
    attentionScale: metadata.number(key('attention.scale')) ?? 1 / Math.sqrt(size),
    softCaps: {
      attention: metadata.number(key('attn_logit_softcapping')) ?? caps.attention,
      logits: metadata.number(key('final_logit_softcapping')) ?? caps.logits,
    },
  };
}

/** By `general.architecture`. A Mistral is a `llama` there. */
export const ggufFamilies: ReadonlyMap<string, GgufFamily> = new Map([
  ['llama', family(undefined, { interleaved: true, ropeFactors: 'rope_freqs' })],
  ['qwen2', family()],
  ['qwen3', family(() => ({ queryKeyNorm: 'head' }))],
  ['olmo2', family(() => ({ placement: 'output', queryKeyNorm: 'width' }))],
  ['phi3', family(undefined, { fused: true, ropeFactors: 'longrope' })],
  [
    'smollm3',
    family(
      ({ layers }) => ({
        rope: {
          layersWithout: Array.from({ length: layers }, (_, layer) => layer).filter(
            (layer) => (layer + 1) % SMOLLM3_ROPE_PERIOD === 0,
          ),
        },
      }),
      { interleaved: true },
    ),
  ],
  [
    'gemma',
    family(({ hiddenSize }) => ({ activation: 'gelu-tanh', embeddingScale: Math.sqrt(hiddenSize) }), {
      alwaysTied: true,
    }),
  ],
  [
    'gemma2',
    family((known) => gemma(known, GEMMA2_27B_LAYERS, GEMMA2_CAPS), {
      windowPeriod: GEMMA2_PERIOD,
      alwaysTied: true,
    }),
  ],
  [
    'gemma3',
    family(
      (known) => ({
        ...gemma(known, GEMMA3_27B_LAYERS, { attention: null, logits: null }),
        queryKeyNorm: 'head',
        rope: {
          local: { theta: known.metadata.number(known.key('rope.freq_base_swa')) ?? GEMMA3_LOCAL_THETA },
        },
      }),
      { windowPeriod: GEMMA3_PERIOD },
    ),
  ],
]);
