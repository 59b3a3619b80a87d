/** A rollout before its prompts are read: each of them once, end to end, and where its tokens stand in attention's grid. */
import { dataFromNumbers, type DataType } from '../../tensor/data-type.ts';
import type { HostTensor, HostTensors } from '../../tensor/session.ts';
import type { Architecture } from '../model/architecture.ts';
import { bool, int64, limitOf, type SamplingRequest } from './request.ts';

type Prompt = ArrayLike<number>;

/** The state that a rollout begins with (see RolloutInputs). @param cacheType element type of keys and values */
export function startFeeds(
  request: SamplingRequest,
  architecture: Architecture,
  groups: number,
  cacheType: DataType,
): HostTensors {
  const rows = request.prompts.length;
  const perGroup = rows / groups;
  const { prompts, laneOf } = distinctPrompts(request.prompts, groups);
  const lanes = prompts.flat().length;
  const { keyValueHeads, headSize, layers } = architecture;
  const shape = [lanes, keyValueHeads, 0, headSize];
  const empty: HostTensor = { dtype: cacheType, shape, data: dataFromNumbers(cacheType, []) };
  const caches = Array.from({ length: layers }, (_, layer) => [`keys.${layer}`, `values.${layer}`]).flat();
  return {
    ...promptFeeds(prompts, architecture.padToken),
    pastLengths: int64([lanes], () => 0),
    laneOf: int64([groups, perGroup], (row) => laneOf[row] ?? 0),
    rowOf: int64([groups, perGroup], (row) => row),
    finished: bool([rows], (row) => limitOf(request, row) === 0),
    stopped: bool([rows], () => false),
    generatedLengths: int64([rows], () => 0),
    endState: int64([rows], () => 0),
    ...Object.fromEntries(caches.map((name) => [name, empty])),
  };
}

/** Prompts that are read, equally many for each group, and which of them, all groups counted, each row goes on from. */
interface DistinctPrompts {
  readonly prompts: readonly (readonly Prompt[])[];
  readonly laneOf: readonly number[];
}

/** Each prompt of a group once; a group with fewer than another reads its first one again. */
function distinctPrompts(rows: readonly Prompt[], groups: number): DistinctPrompts {
  const groupOf = (row: number): number => Math.floor((row * groups) / rows.length);
  const found = Array.from({ length: groups }, () => new Map<string, { lane: number; prompt: Prompt }>());
  const places = rows.map((prompt, row) => {
    const own = found[groupOf(row)];
    const key = Array.from(prompt).join(',');
    const known = own?.get(key) ?? { lane: own?.size ?? 0, prompt };
    own?.set(key, known);
    return known.lane;
  });
  const lanes = Math.max(...found.map(({ size }) => size));
  return {
    prompts: found.map((group) => {
      const own = [...group.values()].map(({ prompt }) => prompt);
      return Array.from({ length: lanes }, (_, lane) => own[lane] ?? own[0] ?? []);
    }),
    laneOf: places.map((lane, row) => groupOf(row) * lanes + lane),
  };
}

/** Tokens of the prompts in rows, lane behind lane, and the grid of attention. */
function promptFeeds(prompts: readonly (readonly Prompt[])[], padToken: number): HostTensors {
  const lanes = prompts[0]?.length ?? 0;
  const inputLengths = prompts.flat().map((prompt) => prompt.length);
  const time = Math.max(...inputLengths);
  const length = Math.max(...prompts.map((group) => group.reduce((sum, prompt) => sum + prompt.length, 0)));
  const tokens: number[] = [];
  const places: number[] = [];
  const laneRows: number[] = [];
  prompts.forEach((group, number) => {
    group.forEach((prompt, lane) => {
      const first = tokens.length;
      const place = (number * lanes + lane) * time;
      for (let step = 0; step < time; step++) laneRows.push(first + Math.min(step, prompt.length - 1));
      for (let step = 0; step < prompt.length; step++) {
        tokens.push(prompt[step] ?? padToken);
        places.push(place + step);
      }
    });
    // Rows of padding read some place, and nobody reads them.
    while (tokens.length < (number + 1) * length) {
      tokens.push(padToken);
      places.push(0);
    }
  });
  const groups = prompts.length;
  return {
    tokens: int64([groups, length], (row) => tokens[row] ?? padToken),
    laneRows: int64([groups, lanes, time], (place) => laneRows[place] ?? 0),
    places: int64([groups, length], (row) => places[row] ?? 0),
    inputLengths: int64([groups * lanes], (lane) => inputLengths[lane] ?? 1),
  };
}
