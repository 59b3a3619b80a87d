/** Dealing the rows of a request to several sessions, and putting their rollouts together again. */
import { limitOf, type SamplingRequest } from './request.ts';
import type { Rollout } from './rollout.ts';

/** Some rows of a request. */
export interface RequestPart {
  /** their places in the whole request */
  readonly rows: readonly number[];
  readonly request: SamplingRequest;
}

/** Cuts every group's rows into at most `count` parts of nearly equal size. Rows stand group by group. */
export function splitRows(request: SamplingRequest, groups: number, count: number): readonly RequestPart[] {
  const all = request.prompts.length;
  const perGroup = all / groups;
  const edges = Array.from({ length: count + 1 }, (_, edge) => Math.round((edge * perGroup) / count));
  const parts = edges
    .slice(1)
    .map((end, index) => ({ start: edges[index] ?? 0, end }))
    .filter(({ start, end }) => end > start);
  if (parts.length === 1) return [{ rows: Array.from({ length: all }, (_, row) => row), request }];
  return parts.map(({ start, end }) => {
    const rows = Array.from({ length: all }, (_, row) => row).filter(
      (row) => row % perGroup >= start && row % perGroup < end,
    );
    return {
      rows,
      request: {
        ...request,
        prompts: rows.map((row) => request.prompts[row] ?? []),
        rowIds: rows.map((row) => request.rowIds[row] ?? 0),
        maximumNewTokens: rows.map((row) => limitOf(request, row)),
      },
    };
  });
}

/** The rollout of the whole request. @param rows how many it has */
export function joinParts(
  rows: number,
  parts: readonly RequestPart[],
  rollouts: readonly Rollout[],
): Rollout {
  const [only] = rollouts;
  if (only !== undefined && rollouts.length === 1) return only;
  const width = Math.max(...rollouts.map((rollout) => rollout.width));
  const tokens = new Int32Array(rows * width);
  const logProbabilities = new Float32Array(rows * width);
  const lengths = new Int32Array(rows);
  const finishReasons = Array.from(lengths, (): Rollout['finishReasons'][number] => 'length');
  rollouts.forEach((rollout, index) => {
    parts[index]?.rows.forEach((row, place) => {
      const own = [place * rollout.width, (place + 1) * rollout.width] as const;
      tokens.set(rollout.tokens.subarray(...own), row * width);
      logProbabilities.set(rollout.logProbabilities.subarray(...own), row * width);
      lengths[row] = rollout.lengths[place] ?? 0;
      finishReasons[row] = rollout.finishReasons[place] ?? 'length';
    });
  });
  return { rows, width, tokens, logProbabilities, lengths, finishReasons };
}
