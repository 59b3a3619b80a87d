/** The shapes that the GPU bench knows, and the sizes it runs them at. */
import type { Architecture } from '../../../gpu-runner/llama/model/architecture.ts';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';

export const PROMPT_TOKENS = 128;
export const NEW_TOKENS = 128;
export const RANK = 8;

/** A shape with what it is asked to do. */
export interface GpuShape {
  readonly name: string;
  readonly architecture: Architecture;
  /** rows that sample together, one figure each */
  readonly sampleBatches: readonly number[];
  /** whether one card also trains it */
  readonly trains: boolean;
}

export const SHAPES = {
  m1b: { sampleBatches: [1, 16, 64], trains: true },
  llama7b: { sampleBatches: [1, 16, 64], trains: true },
  llama30b: { sampleBatches: [1, 16], trains: false },
} as const;

export type GpuShapeName = keyof typeof SHAPES;

export function gpuShape(name: GpuShapeName): GpuShape {
  // No end token, so that every row runs its whole length.
  return { name, architecture: { ...namedShapes[name], eosTokens: [] }, ...SHAPES[name] };
}
