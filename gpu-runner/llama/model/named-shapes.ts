/** The shapes that benches and memory formulas name. */
import { type Architecture, LLAMA } from './architecture.ts';

type ShapeRow = Pick<
  Architecture,
  | 'hiddenSize'
  | 'intermediateSize'
  | 'layers'
  | 'heads'
  | 'keyValueHeads'
  | 'vocabularySize'
  | 'tiedEmbedding'
> & { ropeLayout?: Architecture['rope']['layout'] };

function shape({ ropeLayout = LLAMA.rope.layout, ...row }: ShapeRow): Architecture {
  const headSize = row.hiddenSize / row.heads;
  return {
    ...LLAMA,
    rope: { ...LLAMA.rope, layout: ropeLayout, rotarySize: headSize },
    headSize,
    maximumPositions: 2048,
    bosToken: 1,
    eosTokens: [2],
    padToken: 0,
    ...row,
  };
}

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
} as const satisfies Record<string, Architecture>;
