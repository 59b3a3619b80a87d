/** What a family of checkpoints is: how its config.json becomes the architecture record, and how its tensors are named. */
import type { Architecture } from '../../model/architecture.ts';
import type { LayerMatrixName } from '../../model/layer-matrices.ts';
import type { Config, RefuseConfig } from './config-fields.ts';

/** Where a decoder differs from LLaMA's. What is left out is as there. */
export type Differences = Partial<
  Pick<
    Architecture,
    'biases' | 'queryKeyNorm' | 'attentionScale' | 'windows' | 'softCaps' | 'embeddingScale' | 'activation'
  > & {
    readonly normPlacement: Architecture['norm']['placement'];
    /** Layers whose queries and keys do not rotate. */
    readonly layersWithoutRope: number[];
    /** Windowed layers rotate by a theta of their own. */
    readonly hasLocalRope: boolean;
    /** `partial_rotary_factor` says how much of a head rotates; other families must not name it. */
    readonly hasPartialRope: boolean;
  }
>;

/** How a checkpoint stores a layer, where that is not as LLaMA does. */
export interface TensorNames {
  /** Names after `layers.N.`. */
  readonly names?: Partial<Record<LayerMatrixName, string>>;
  /** Tensors that hold several matrices, their rows one after another. */
  readonly fused?: Readonly<Record<string, readonly LayerMatrixName[]>>;
  /** Norm weights are stored as their difference from one. */
  readonly normsFromOne?: boolean;
}

export interface Family {
  /** What config.json calls it. */
  readonly modelTypes: readonly string[];
  /** What a field means that config.json leaves out: as transformers' configuration class says. Token ids have none. */
  readonly defaults: Readonly<Partial<Config>>;
  readonly differences?: (config: Config, refuse: RefuseConfig) => Differences;
  readonly tensors?: TensorNames;
}
