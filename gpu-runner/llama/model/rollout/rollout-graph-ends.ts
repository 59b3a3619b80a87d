/** What goes into a rollout graph and what comes out of it, on every device; {@link RolloutInputs} says what each is. */
import type { DataType } from '../../../tensor/data-type.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import type { Graph, Value } from '../../../tensor/graph.ts';
import type { Architecture } from '../architecture.ts';
import type { AdapterGroups } from '../backend.ts';
import type { DrawOptions } from './draw-token.ts';
import { type LayerCache, unflatten } from './layer-cache.ts';

/** Rows while they are decoded, besides their caches: the inputs of a run, and with `.next` its outputs. */
export const STATE = [
  'tokens',
  'inputLengths',
  'pastLengths',
  'finished',
  'stopped',
  'generatedLengths',
  'endState',
] as const;

/** The rows' state by name. */
export type RolloutState = Readonly<Record<(typeof STATE)[number], Value>>;

/** The inputs of a rollout of `steps` tokens. With R rows in each of G groups, batch = G R. */
export interface RolloutInputs {
  readonly batch: Dimension;
  /**
   * - `tokens` int64 [G, R, promptTime], padded on the right, of which `inputLengths` [batch] count: the prompts at the start,
   *   one token each afterwards;
   * - `pastLengths` int64 [batch]: tokens in the caches, 0 at the start;
   * - `finished`, and `stopped` by an end of `ends`, bool [batch];
   * - `generatedLengths` int64 [batch]: tokens so far; `endState` int64 [batch]: where each row is in `ends`.
   */
  readonly state: RolloutState;
  /** `keys.l`, `values.l` [batch, keyValueHeads, startPrefix, headSize], empty at the start */
  readonly caches: readonly LayerCache[];
  /** one number in [0, 1) for each row and step, fp32 [batch, steps] */
  readonly uniforms: Value;
  /** tokens that each row may get in all, int64 [batch] */
  readonly limits: Value;
  /** int64: 1 when a prompt comes first, the steps of a chunk otherwise */
  readonly firstSteps: Value;
  /** uint8 [states * vocabulary]: the state after a state and a token; the last state ends a row */
  readonly ends: Value;
  readonly draw: DrawOptions;
  /** fp32 */
  readonly inverseTemperature: Value;
  /** the groups' adapters, fp32 [G, P] */
  readonly parameters: Value | undefined;
}

/** Shape of a layer's keys or values. */
export function cacheShape(
  { keyValueHeads, headSize }: Architecture,
  batch: Dimension,
  places: Dimension,
): readonly Dimension[] {
  return [batch, keyValueHeads, places, headSize];
}

/** Declares the inputs. */
export function rolloutInputs(
  graph: Graph,
  architecture: Architecture,
  adapters: AdapterGroups | undefined,
  cacheType: DataType,
): RolloutInputs {
  const groups = adapters?.groups ?? 1;
  const batch = multiplyDimensions(groups, 'rows');
  const parameters =
    adapters === undefined
      ? undefined
      : graph.input('parameters', 'float32', [groups, adapters.layout.length]);
  const state = {
    tokens: graph.input('tokens', 'int64', [groups, 'rows', 'promptTime']),
    inputLengths: graph.input('inputLengths', 'int64', [batch]),
    pastLengths: graph.input('pastLengths', 'int64', [batch]),
    finished: graph.input('finished', 'bool', [batch]),
    stopped: graph.input('stopped', 'bool', [batch]),
    generatedLengths: graph.input('generatedLengths', 'int64', [batch]),
    endState: graph.input('endState', 'int64', [batch]),
  };
  const shape = cacheShape(architecture, batch, 'startPrefix');
  const caches = Array.from({ length: architecture.layers }, (_, layer) => ({
    keys: graph.input(`keys.${layer}`, cacheType, shape),
    values: graph.input(`values.${layer}`, cacheType, shape),
  }));
  return {
    batch,
    state,
    caches,
    uniforms: graph.input('uniforms', 'float32', [batch, 'steps']),
    limits: graph.input('limits', 'int64', [batch]),
    firstSteps: graph.input('firstSteps', 'int64', []),
    ends: graph.input('ends', 'uint8', ['ends']),
    draw: {
      banning: graph.input('banning', 'bool', []),
      banned: graph.input('banned', 'float32', [architecture.vocabularySize]),
      cut: graph.input('cut', 'bool', []),
      topK: graph.input('topK', 'int64', [1]),
      topP: graph.input('topP', 'float32', []),
    },
    inverseTemperature: graph.input('inverseTemperature', 'float32', []),
    parameters,
  };
}

/**
 * Declares the outputs: the state and the caches with `.next`, and what was drawn.
 *
 * @param generated int64 [batch, produced]
 * @param logProbabilities fp32 [batch, produced]
 * @param caches keys and values by turns
 */
export function rolloutOutputs(
  graph: Graph,
  state: RolloutState,
  generated: Value,
  logProbabilities: Value,
  caches: readonly Value[],
): void {
  for (const name of STATE) graph.output(`${name}.next`, state[name]);
  graph.output('generated', generated);
  graph.output('logProbabilities', logProbabilities);
  unflatten(caches).forEach(({ keys, values }, layer) => {
    graph.output(`keys.${layer}.next`, keys);
    graph.output(`values.${layer}.next`, values);
  });
}
