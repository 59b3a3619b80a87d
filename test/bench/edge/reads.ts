/** Reads: by id under load, and from a single client a page of the run list and a curve. */
import { z } from 'zod';
import { quantile, round, type Load } from './load.ts';
import { CURVES, METRIC, type Seeded } from './seed-store.ts';

export const CONNECTIONS = 32;
const READ_MILLISECONDS = 5000;
const PAGES = 200;
const WARM_UP = 20;

const pageForm = z.object({ nextCursor: z.string().nullable() });

export async function benchReads(load: Load, { baseModelId }: Seeded) {
  const next = () => ({ path: `/v1/base-models/${baseModelId}` });
  await load.run(CONNECTIONS, READ_MILLISECONDS / 2, next);
  const { times, seconds } = await load.run(CONNECTIONS, READ_MILLISECONDS, next);
  return { requestsPerSecond: Math.round(times.length / seconds), p95Ms: round(quantile(times, 0.95)) };
}

/** One request after the other. @param path of the next request, from the answer before */
async function benchAlone(load: Load, path: (index: number, before: string | undefined) => string) {
  const times: number[] = [];
  let before: string | undefined;
  for (let index = -WARM_UP; index < PAGES; index++) {
    const begun = performance.now();
    const { status, text } = await load.send({ path: path(index + WARM_UP, before) });
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
    if (index >= 0) times.push(performance.now() - begun);
    before = text;
  }
  return { p95Ms: round(quantile(times, 0.95)) };
}

/** Pages from all over the list: each request goes on where the one before ended. */
export async function benchList(load: Load) {
  return await benchAlone(load, (_, before) => {
    const cursor = before === undefined ? null : pageForm.parse(JSON.parse(before)).nextCursor;
    return `/v1/experiments?limit=50${cursor === null ? '' : `&cursor=${cursor}`}`;
  });
}

export async function benchCurve(load: Load, { curveTaskId }: Seeded) {
  return await benchAlone(
    load,
    (index) => `/v1/tasks/${curveTaskId}/curve?name=${METRIC}-${index % CURVES}&maximumPoints=1000`,
  );
}
