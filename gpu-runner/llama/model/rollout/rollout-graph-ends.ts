/** What goes into a rollout graph and what comes out of it, on every device; {@link RolloutInputs} says what each is. */
import type { DataType } from '../../../tensor/data-type.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import type { Graph, Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../architecture.ts';
import type { AdapterGroups } from '../backend.ts';
import type { DrawOptions } from './draw-token.ts';
import { type LayerCache, unflatten } from './layer-cache.ts';

/** What a rollout remembers between runs besides its caches: inputs of a run, and with `.next` its outputs. */
export const STATE = [
  'tokens',
  'laneRows',
  'places',
  'inputLengths',
  'pastLengths',
  'laneOf',
  'rowOf',
  'finished',
  'stopped',
  'generatedLengths',
  'endState',
] as const;

/** The state by name. */
export type RolloutState = Readonly<Record<(typeof STATE)[number], Value>>;

/**
 * The inputs of a rollout of `steps` tokens.
 *
 * Rows are the answers that are asked for, R in each of G groups, batch = G R. Lanes are the texts that the engine reads,
 * L in each group: at first the prompts, each once however many rows go on from it, then one for each row that goes on.
 */
export interface RolloutInputs {
  readonly batch: Dimension;
  /**
   * - `tokens` int64 [G, length]: what is read, lane behind lane, and padding where a group has fewer: the prompts at the
   *   start, one token a lane afterwards. Activations stand in such rows, but in attention, which sees lanes as a grid:
   * - `laneRows` int64 [G, L, promptTime]: the row of each place of the grid, a lane's last one beyond its end;
   * - `places` int64 [G, length]: the place of each row; `inputLengths` int64 [G L]: places of each lane that are tokens;
   * - `pastLengths` int64 [G L]: tokens in the caches, 0 at the start;
   * - `laneOf`, `rowOf` int64 [G, going]: the rows that go on, and the lane (0 to G L - 1) that each goes on from;
   * - `finished`, and `stopped` by an end of `ends`, bool [batch];
   * - `generatedLengths` int64 [batch]: tokens so far; `endState` int64 [batch]: where each row is in `ends`.
   */
  readonly state: RolloutState;
  /** `keys.l`, `values.l` [G L, keyValueHeads, startPrefix, headSize], empty at the start */
  readonly caches: readonly LayerCache[];
  /** one number in [0, 1) for each row and step, fp32 [batch, steps] */
  readonly uniforms: Value;
  /** tokens that each row may get in all, int64 [batch] (an input [G, R]) */
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
  lanes: Dimension,
  places: Dimension,
): readonly Dimension[] {
  return [lanes, keyValueHeads, places, headSize];
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
  const lanes = multiplyDimensions(groups, 'lanes');
  const parameters =
    adapters === undefined
      ? undefined
      : graph.input('parameters', 'float32', [groups, adapters.layout.length]);
  const state = {
    tokens: graph.input('tokens', 'int64', [groups, 'length']),
    laneRows: graph.input('laneRows', 'int64', [groups, 'lanes', 'promptTime']),
    places: graph.input('places', 'int64', [groups, 'length']),
    inputLengths: graph.input('inputLengths', 'int64', [lanes]),
    pastLengths: graph.input('pastLengths', 'int64', [lanes]),
    laneOf: graph.input('laneOf', 'int64', [groups, 'going']),
    rowOf: graph.input('rowOf', 'int64', [groups, 'going']),
    finished: graph.input('finished', 'bool', [batch]),
    stopped: graph.input('stopped', 'bool', [batch]),
    generatedLengths: graph.input('generatedLengths', 'int64', [batch]),
    endState: graph.input('endState', 'int64', [batch]),
  };
  const shape = cacheShape(architecture, lanes, 'startPrefix');
  const caches = Array.from({ length: architecture.layers }, (_, layer) => ({
    keys: graph.input(`keys.${layer}`, cacheType, shape),
    values: graph.input(`values.${layer}`, cacheType, shape),
  }));
  return {
    batch,
    state,
    caches,
    uniforms: graph.input('uniforms', 'float32', [batch, 'steps']),
    limits: ops.reshape(graph.input('limits', 'int64', [groups, 'rows']), [batch]),
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
