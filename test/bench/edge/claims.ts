/** Claims: rounds of waiting tasks, taken by many claimers at once until none is left. */
import { z } from 'zod';
import { quantile, round, type Load } from './load.ts';
import { claimBody, WAITING_TASKS } from './seed-store.ts';

const CLAIMERS = 50;

export const claimForm = z.object({
  task: z.object({ id: z.string(), epoch: z.number(), experimentId: z.string() }).nullable(),
});

/** Claims the tasks of one round, and goes on until nothing waits. */
async function drain(load: Load, number: number) {
  const claimed: string[] = [];
  const times: number[] = [];
  const claimer = async () => {
    while (claimed.length < WAITING_TASKS) {
      const body = claimBody(number);
      const sent = performance.now();
      const { status, text } = await load.send({ path: '/v1/tasks/claim', method: 'POST', body });
      if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
      const { task } = claimForm.parse(JSON.parse(text));
      if (!task) return;
      times.push(performance.now() - sent);
      claimed.push(task.id);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CLAIMERS }, claimer));
  const seconds = (performance.now() - begun) / 1000;
  if (claimed.length < WAITING_TASKS)
    throw new Error(`${claimed.length} of ${WAITING_TASKS} tasks were claimed`);
  return { claimed, times, perSecond: claimed.length / seconds };
}

/** The first round warms up; the rate is the median of the others. */
export async function benchClaims(load: Load, rounds: number) {
  await drain(load, 0);
  const perSecond: number[] = [];
  const times: number[] = [];
  let duplicates = 0;
  for (let number = 1; number <= rounds; number++) {
    const found = await drain(load, number);
    duplicates += found.claimed.length - new Set(found.claimed).size;
    perSecond.push(found.perSecond);
    times.push(...found.times);
  }
  return { perSecond: Math.round(quantile(perSecond, 0.5)), p95Ms: round(quantile(times, 0.95)), duplicates };
}
