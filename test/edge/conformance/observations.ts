/** Conformance of what a run shows: curves with their extremes, samples, events without gap, runners, figures. */
import { expect, it } from 'vitest';
import { events } from '../../../edge/store/schema/index.ts';
import { toSql } from '../../../edge/store/database.ts';
import { removeReports, REPORT_LIFETIME, sweepStore } from '../../../edge/store/sweep.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

interface ServerEvent {
  readonly id: number;
  readonly kind: string;
}

/** Reads server-sent events until `count` came or the stream ended. */
async function readEvents(response: Response, count: number): Promise<ServerEvent[]> {
  const reader = (response.body ?? new ReadableStream()).getReader();
  const decoder = new TextDecoder();
  const events: ServerEvent[] = [];
  let text = '';
  while (events.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const id = /^id: (\d+)$/m.exec(block)?.[1];
      const kind = /^event: (.+)$/m.exec(block)?.[1];
      if (id !== undefined && kind !== undefined) events.push({ id: Number(id), kind });
    }
  }
  await reader.cancel();
  return events;
}

export function observationsConformance(start: () => Promise<Harness>): void {
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    const experiment = await harness.clients.client.createExperiment({ body: EXPERIMENT });
    return { harness, experiment, runner: new TestRunner(harness), client: harness.clients.client };
  }

  it('draws a curve of many points with every extreme kept', async () => {
    const { runner, client } = await begin();
    const task = await runner.claim();
    if (!task) throw new Error('there is no task');
    const name = 'objective/kl';
    const value = (step: number) => (step === 3333 ? 1000 : step === 7001 ? -1000 : Math.sin(step));
    for (let report = 0; report < 5; report++) {
      const points = Array.from({ length: 2000 }, (_, index) => report * 2000 + index);
      await runner.report(
        task,
        report + 1,
        points.map((step) => ({ name, step, value: value(step) })),
      );
    }
    const parameters = { taskId: task.id };
    const { metrics } = await client.listTaskMetrics({ parameters });
    expect(metrics).toEqual([{ name, points: 10_000, minimum: -1000, maximum: 1000 }]);
    const curve = await client.getCurve({ parameters, query: { name, maximumPoints: 100 } });
    expect(curve.total).toBe(10_000);
    expect(curve.points.length).toBeLessThanOrEqual(100);
    expect(curve.points).toContainEqual([3333, 1000]);
    expect(curve.points).toContainEqual([7001, -1000]);
    const steps = curve.points.map(([step]) => step);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    for (const [step, seen] of curve.points) expect(seen).toBe(value(step));
    const near = await client.getCurve({ parameters, query: { name, from: 3330, to: 3335 } });
    expect([near.thinned, near.points.map(([step]) => step)]).toEqual([
      false,
      [3330, 3331, 3332, 3333, 3334, 3335],
    ]);
  });

  it('follows an experiment without gap or repetition over reconnections, and ends with it', async () => {
    const { harness, experiment, runner } = await begin();
    const follow = async (last?: number) =>
      await harness.fetch(`/v1/experiments/${experiment.id}/events`, {
        key: harness.secrets.client,
        ...(last === undefined ? {} : { headers: { 'last-event-id': String(last) } }),
      });
    const seen = await readEvents(await follow(), 3);
    expect(seen.map(({ kind }) => kind)).toEqual(['experiment-created', 'stage-started', 'stage-started']);
    const work = runner.drain();
    for (let response = await follow(seen.at(-1)?.id); response.status === 200;) {
      seen.push(...(await readEvents(response, 4)));
      response = await follow(seen.at(-1)?.id);
    }
    await work;
    const ids = seen.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    const whole = await readEvents(await follow(), Number.POSITIVE_INFINITY);
    expect(seen).toEqual(whole);
    expect(whole.at(-1)?.kind).toBe('experiment-succeeded');
    expect(whole.filter(({ kind }) => kind === 'task-succeeded')).toHaveLength(10);
    expect((await follow(ids.at(-1))).status).toBe(204);
    expect((await follow(Number.NaN)).status).toBe(400);
  });

  it('tells a follower of everything what comes while it waits', async () => {
    const { harness, runner } = await begin();
    const response = await harness.fetch('/v1/events', { key: harness.secrets.client });
    const events = readEvents(response, 1);
    await runner.claim();
    expect((await events).map(({ kind }) => kind)).toEqual(['task-claimed']);
  });

  it('keeps reports of progress for seven days, and what happened for as long as the experiment', async () => {
    const { harness, runner } = await begin();
    const { database, dependencies } = harness;
    const task = await runner.claim();
    if (!task) throw new Error('no task waits');
    await runner.report(task, 1);
    const read = async () =>
      (await database.select({ kind: events.kind }).from(events)).map(({ kind }) => kind);
    const before = await read();
    expect(before.filter((kind) => kind === 'task-reported')).toHaveLength(1);
    const end = dependencies.clock() + REPORT_LIFETIME;
    await sweepStore(harness, end);
    expect(await read()).toEqual(before);
    await sweepStore(harness, end + 1);
    expect(await read()).toEqual(before.filter((kind) => kind !== 'task-reported'));
    const { sql, params } = toSql(removeReports(database, 0));
    const plan = await database.$client
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...params)
      .all<{ detail: string }>();
    const steps = plan.results.map(({ detail }) => detail);
    expect(steps.some((step) => step.includes('events_reported'))).toBe(true);
    expect(steps.filter((step) => /^SCAN (?!.*USING)|TEMP B-TREE/.test(step))).toEqual([]);
  });

  it('lists runners with what each does, and takes a silent one for gone', async () => {
    const { harness, runner, client } = await begin();
    const task = await runner.claim();
    harness.advance(1000);
    const { items } = await client.listRunners();
    expect(items).toMatchObject([
      { id: runner.id, status: 'live', task: { id: task?.id, stage: 'simulate' } },
    ]);
    harness.advance(60_000);
    expect((await client.listRunners({ query: { status: 'live' } })).items).toEqual([]);
    expect((await client.listRunners({ query: { status: 'gone' } })).items).toHaveLength(1);
  });

  it('gives Prometheus its figures', async () => {
    const { harness, runner } = await begin();
    await runner.claim();
    const response = await harness.fetch('/v1/metrics', { key: harness.secrets.client });
    const text = await response.text();
    expect(text).toContain('rlcd_tasks{status="leased"} 1\n');
    expect(text).toContain('rlcd_queued_tasks{kind="generate"} 2\n');
    expect(text).toContain('rlcd_live_runners 1\n');
    expect(text).toContain('rlcd_wanted_runners 4\n');
    for (const line of text.trim().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"\})? [\d.]+)$/);
    }
  });
}
