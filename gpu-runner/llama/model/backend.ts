/** What a device makes of a base. The choice is made once, when a model is opened, and nobody else asks which device it is. */
import type { DataType } from '../../tensor/data-type.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import type { SessionOptions } from '../../tensor/session.ts';
import type { Architecture } from './architecture.ts';
import type { BundledTokens } from './bundled-tokens.ts';
import type { GraphWeights } from './graph-weights.ts';
import type { VocabularyProjection } from './lm-head.ts';
import type { AdapterLayout } from './lora-layout.ts';
import type { ScalarHeads } from './scalar-head.ts';

/** Adapters of one layout that stand side by side, one per group of rows. */
export interface AdapterGroups {
  readonly layout: AdapterLayout;
  readonly groups: number;
}

/** What a training or scoring graph puts adapters on. */
export interface AdaptedModelOptions extends AdapterGroups {
  /** the groups' vectors, fp32 [groups, P] */
  readonly parameters: Value;
  readonly tokens: BundledTokens;
  /** longest sequence */
  readonly maximumTime: number;
}

/** A frozen base under adapters inside a training or scoring graph. */
export interface AdaptedModel {
  readonly weights: GraphWeights;
  readonly projection: VocabularyProjection;
  readonly heads: ScalarHeads;
  /** before the final norm, fp32 [N, hidden] */
  readonly stream: Value;
}

/** What a rollout graph is built for; prompts, limits and sampling options are its inputs. */
export interface RolloutOptions {
  /** none means the base itself */
  readonly adapters?: AdapterGroups;
  /** longest prompt plus response */
  readonly maximumPositions: number;
  /** rows of most runs */
  readonly rows: number;
}

/** A rollout as this device runs it. */
export interface RolloutPlan {
  readonly graph: Graph;
  /** how its sessions are opened */
  readonly session: SessionOptions;
  /** sessions side by side that rows are dealt to */
  readonly replicas: number;
  /** element type of keys and values */
  readonly cacheType: DataType;
  /** steps between which runs may be cut */
  readonly chunkSteps: number;
  /** multiplications and additions a second that such a device is taken to reach before it is measured */
  readonly assumedRate: number;
}

export interface Backend {
  readonly architecture: Architecture;
  /** the files that its graphs' constants stand in */
  readonly folder: string;
  /** tokens that one run of a training step reads at the most; undefined where only rows bound it */
  readonly partTokens?: number;
  /** how sessions of training and scoring graphs are opened */
  readonly trainingSession: SessionOptions;
  readonly adaptedModel: (graph: Graph, options: AdaptedModelOptions) => AdaptedModel;
  /** the backend whose graphs gradients go through as fast as they may, its files made; others are exact, and slower */
  readonly forTraining: () => Promise<Backend>;
  /** @param session what the caller asks of the sessions: fewer threads, a profile */
  readonly planRollout: (options: RolloutOptions, session: SessionOptions) => RolloutPlan;
}
