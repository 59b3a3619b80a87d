/** Reads the lines of a chart, with what they are drawn over. */
import type { Client } from '../../../shared/api/client.ts';
import { companionOf, type Chart, type Line } from './charts.ts';
import type { Across } from './curve-view.ts';
import { over, tokensUpTo, type Point } from './transform.ts';

/** For each point of width there are two of the curve: the least and the greatest. */
const MAXIMUM_POINTS = 1600;
/** What is counted up is read whole, as far as the API gives it. */
const WHOLE = 10_000;

export interface Curve {
  readonly label: string;
  /** As reported, by step. */
  readonly points: readonly Point[];
  /** Points there are, drawn or not. */
  readonly total: number;
  /** x of each step; undefined where steps are. */
  readonly companion: readonly Point[] | undefined;
}

/** The steps that a chart shows. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

export async function readCurves(
  client: Client,
  chart: Chart,
  across: Across,
  range: StepRange | undefined,
  signal: AbortSignal,
): Promise<Curve[]> {
  const read = async (line: Line, name: string, maximumPoints: number) => {
    const parameters = { taskId: line.run.taskId };
    return await client.getCurve({ parameters, query: { name, maximumPoints, ...range } }, { signal });
  };
  return await Promise.all(
    chart.lines.map(async (line): Promise<Curve> => {
      const companion = companionOf(line, across);
      const maximumPoints = companion === undefined ? MAXIMUM_POINTS : WHOLE;
      const [{ points, total }, other] = await Promise.all([
        read(line, line.name, maximumPoints),
        companion === undefined ? undefined : read(line, companion, WHOLE),
      ]);
      const { rollouts = 0 } = line.run;
      const counted = other && (across === 'tokens' ? tokensUpTo(other.points, rollouts) : other.points);
      return { label: line.label, points, total, companion: counted };
    }),
  );
}

/** The points of a curve as they are drawn. @param points of its steps, smoothed or not */
export function drawn({ companion }: Curve, points: readonly Point[]): readonly Point[] {
  return companion === undefined ? points : over(points, companion);
}
