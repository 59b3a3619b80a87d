/** Points of a metric in chunks: merge a report into a window, and thin a curve out with its extremes kept. */
import type { MetricBucket } from './schema/observations.ts';

export type MetricPoint = readonly [step: number, value: number];

/** Steps of one chunk. */
export const WINDOW_STEPS = 512;
/** Points of one bucket: 8 buckets for a full chunk. */
const BUCKET_POINTS = 64;

export function windowOf(step: number): number {
  return Math.floor(step / WINDOW_STEPS);
}

/** Points by rising step; of two with one step the later report stays. */
export function mergePoints(
  present: readonly MetricPoint[],
  reported: readonly MetricPoint[],
): MetricPoint[] {
  const bySteps = new Map<number, number>([...present, ...reported]);
  return [...bySteps].sort(([a], [b]) => a - b);
}

/** @param points at least one, by rising step */
function bucketOf(points: readonly MetricPoint[]): MetricBucket {
  const first = points[0] ?? [0, 0];
  let [minimum, maximum] = [first, first];
  for (const point of points) {
    if (point[1] < minimum[1]) minimum = point;
    if (point[1] > maximum[1]) maximum = point;
  }
  return { minimumStep: minimum[0], minimum: minimum[1], maximumStep: maximum[0], maximum: maximum[1] };
}

/** Least and greatest point of each run of {@link BUCKET_POINTS} points. */
export function bucketsOf(points: readonly MetricPoint[]): MetricBucket[] {
  const buckets: MetricBucket[] = [];
  for (let start = 0; start < points.length; start += BUCKET_POINTS) {
    buckets.push(bucketOf(points.slice(start, start + BUCKET_POINTS)));
  }
  return buckets;
}

function pointsOf(bucket: MetricBucket): MetricPoint[] {
  const least: MetricPoint = [bucket.minimumStep, bucket.minimum];
  const greatest: MetricPoint = [bucket.maximumStep, bucket.maximum];
  if (least[0] === greatest[0]) return [least];
  return least[0] < greatest[0] ? [least, greatest] : [greatest, least];
}

/**
 * At most `maximumPoints` points by rising step; every run of buckets keeps its least and its greatest point,
 * so a spike is never lost.
 */
export function thinBuckets(buckets: readonly MetricBucket[], maximumPoints: number): MetricPoint[] {
  const runs = Math.max(1, Math.min(buckets.length, Math.floor(maximumPoints / 2)));
  const thinned: MetricPoint[] = [];
  for (let run = 0; run < runs; run++) {
    const start = Math.floor((run * buckets.length) / runs);
    const end = Math.floor(((run + 1) * buckets.length) / runs);
    const points = buckets.slice(start, end).flatMap(pointsOf);
    if (points.length > 0) thinned.push(...pointsOf(bucketOf(points)));
  }
  return thinned;
}

/** The same for points themselves: all of them where they are few enough. */
export function thinPoints(points: readonly MetricPoint[], maximumPoints: number): readonly MetricPoint[] {
  if (points.length <= maximumPoints) return points;
  return thinBuckets(
    points.map((point) => bucketOf([point])),
    maximumPoints,
  );
}
