/** What the CUDA form does not run yet, told by name before anything is loaded. */
import type { Architecture } from '../../model/architecture.ts';
import { CudaLayoutError } from './cuda-layout.ts';

/** Pairs of a head that the fused attention turns come in eights. */
const ROTARY_MULTIPLE = 16;

/** @throws CudaLayoutError for a model whose numbers or heads this form cannot hold */
export function assertRunsOnCuda({ embeddingScale, rope }: Architecture): void {
  if (embeddingScale !== 1)
    refuse(`embeddingScale is ${embeddingScale}: such a model's activations leave the range of fp16`);
  if (rope.rotarySize % ROTARY_MULTIPLE !== 0)
    refuse(
      `rope.rotarySize is ${rope.rotarySize}: the fused attention turns multiples of ${ROTARY_MULTIPLE}`,
    );
}

/** Windows at least as long as a rollout leave nothing out. @throws CudaLayoutError for shorter ones */
export function assertWindowsHold({ windows }: Architecture, maximumPositions: number): void {
  const shortest = Math.min(...(windows ?? []).map((window) => window ?? Infinity));
  if (shortest < maximumPositions)
    refuse(`a layer sees ${shortest} positions and rollouts here are up to ${maximumPositions} long`);
}

function refuse(fault: string): never {
  throw new CudaLayoutError(`this model is not on CUDA yet: ${fault}; run it with --device cpu`);
}
