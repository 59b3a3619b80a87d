/** Live events: from just before a runner sends a report to the moment its event arrives at a client. */
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { claimForm } from './claims.ts';
import { quantile, round, type Load } from './load.ts';
import { claimBody } from './seed-store.ts';

const EVENTS = 25;

const reportForm = z.object({ progress: z.object({ done: z.number() }) });

/** Follows an experiment and notes when the report of each number arrives. */
async function followReports(origin: string, key: string, experimentId: string) {
  const arrived = new Map<number, number>();
  const abort = new AbortController();
  const { statusCode, body } = await request(`${origin}/v1/experiments/${experimentId}/events`, {
    headers: { authorization: `Bearer ${key}` },
    signal: abort.signal,
  });
  if (statusCode !== 200) throw new Error(`events: ${statusCode} ${await body.text()}`);
  const read = async () => {
    let rest = '';
    for await (const chunk of body) {
      const blocks = `${rest}${String(chunk)}`.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^event: task-reported\ndata: (.*)$/m.exec(block)?.[1];
        if (data !== undefined)
          arrived.set(reportForm.parse(JSON.parse(data)).progress.done, performance.now());
      }
    }
  };
  const ended = read().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return {
    arrived,
    async stop() {
      abort.abort();
      await ended;
    },
  };
}

/** @param number a round of waiting tasks that nothing was claimed of */
export async function benchEvents(origin: string, clientKey: string, runner: Load, number: number) {
  const claimed = await runner.send({ path: '/v1/tasks/claim', method: 'POST', body: claimBody(number) });
  const { task } = claimForm.parse(JSON.parse(claimed.text));
  if (!task) throw new Error('no task waits');
  const following = await followReports(origin, clientKey, task.experimentId);
  const delays: number[] = [];
  // The first report waits until the client has read the log so far; it is not counted.
  for (let sequence = 1; sequence <= EVENTS + 1; sequence++) {
    const progress = { done: sequence, total: EVENTS + 1, unit: 'steps' };
    const body = JSON.stringify({ epoch: task.epoch, sequence, progress });
    const sent = performance.now();
    const { status, text } = await runner.send({
      path: `/v1/tasks/${task.id}/heartbeat`,
      method: 'POST',
      body,
    });
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
    while (!following.arrived.has(sequence)) {
      if (performance.now() - sent > 30_000) throw new Error(`event ${sequence} did not come in 30 s`);
      await wait(2);
    }
    if (sequence > 1) delays.push((following.arrived.get(sequence) ?? 0) - sent);
    await wait(37);
  }
  await following.stop();
  return { p95DelayMs: round(quantile(delays, 0.95)) };
}
