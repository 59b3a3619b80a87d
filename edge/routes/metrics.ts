/** Metric curves, samples, and the edge's own figures. */
import type { metricEndpoints } from '../../shared/api/metrics.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { prometheusText } from '../http/prometheus.ts';
import { notFound } from '../domain/errors.ts';
import { listSamples, listTaskMetrics, readCurve } from '../store/curves.ts';
import { readFigures } from '../store/figures.ts';
import { readLease } from '../store/leases/lease.ts';

export function metricHandlers({ database }: Dependencies): Handlers<typeof metricEndpoints> {
  async function requireTask(taskId: string) {
    if (!(await readLease(database, taskId))) throw notFound(`task ${taskId}`);
  }

  return {
    async listTaskMetrics({ parameters }) {
      await requireTask(parameters.taskId);
      return { body: { metrics: await listTaskMetrics(database, parameters.taskId) } };
    },

    async getCurve({ parameters, query }) {
      await requireTask(parameters.taskId);
      const curve = await readCurve(database, { ...parameters, ...query });
      return { body: { ...curve, points: curve.points.map(([step, value]) => [step, value]) } };
    },

    async listSamples({ parameters, query }) {
      await requireTask(parameters.taskId);
      return { body: await listSamples(database, parameters.taskId, query) };
    },

    async getPrometheusMetrics(_, { now }) {
      return new Response(prometheusText(await readFigures(database, now)), {
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
      });
    },
  };
}
