/** Experiments. */
import type { experimentEndpoints } from '../../shared/api/experiments.ts';
import { compareDocuments } from '../../shared/compare-documents.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { costOf, runnerSecondsOf } from '../domain/cost.ts';
import { createExperiment } from '../orchestration/create.ts';
import { METHOD_STAGES } from '../../shared/method-stages.ts';
import { startOf, whyStageWaits } from '../domain/waiting.ts';
import { conflict, notFound } from '../domain/errors.ts';
import {
  findExperiment,
  findLineage,
  findResults,
  findStages,
  listExperiments,
} from '../store/experiment-views.ts';
import { readLastEventId } from '../store/events.ts';
import { deleteExperiment, endExperiment } from '../store/experiments.ts';
import { findTasksOfExperiment } from '../store/task-views.ts';

export function experimentHandlers(dependencies: Dependencies): Handlers<typeof experimentEndpoints> {
  const { database } = dependencies;

  async function requireExperiment(id: string, now: number) {
    const experiment = await findExperiment(database, id, now);
    if (!experiment) throw notFound(`experiment ${id}`);
    return experiment;
  }

  /** What an experiment was asked to do, without what names and times it. */
  async function readSettings(id: string, now: number) {
    const { view } = await requireExperiment(id, now);
    const { method, principle, promptSet, baseModel, simulator, form, seed, shards } = view;
    const stages = await findStages(database, id);
    const parameters = Object.fromEntries(stages.map((stage) => [stage.name, stage.parameters]));
    return { method, principle, promptSet, baseModel, simulator, form, seed, shards, stages: parameters };
  }

  return {
    async createExperiment({ body }, call) {
      const { view, writes } = await createExperiment(dependencies, body, call);
      return { body: view, writes };
    },

    async listExperiments({ query }, { now }) {
      return { body: await listExperiments(database, query, now) };
    },

    async getExperiment({ parameters }, { now }) {
      const { experimentId } = parameters;
      // First the place in the event log, then the state: what happens between is told again, never missed.
      const lastEventId = await readLastEventId(database, experimentId);
      const { view, hyperparameters } = await requireExperiment(experimentId, now);
      const stages = await findStages(database, experimentId);
      const tasks = await findTasksOfExperiment(database, experimentId, now);
      const rules = METHOD_STAGES[view.method];
      return {
        body: {
          ...view,
          hyperparameters,
          lastEventId,
          results: await findResults(database, experimentId),
          cost: costOf(
            tasks.map(({ task }) => task),
            experimentId,
          ),
          stages: stages.map((stage) => {
            const needs = rules.find(({ name }) => name === stage.name)?.inputs.map(({ from }) => from) ?? [];
            const open = stages.filter(({ name, status }) => needs.includes(name) && status !== 'succeeded');
            const own = tasks.filter(({ stageId }) => stageId === stage.id).map(({ task }) => task);
            return Object.assign(stage, {
              needs,
              startedAt: startOf(stage, own),
              runnerSeconds: runnerSecondsOf(own, experimentId),
              waitsFor: stage.status === 'waiting' ? whyStageWaits(open.map(({ name }) => name)) : null,
              tasks: own,
            });
          }),
        },
      };
    },

    async cancelExperiment({ parameters }, { now }) {
      const { view } = await requireExperiment(parameters.experimentId, now);
      const open = view.status === 'queued' || view.status === 'running';
      return {
        body: open ? { ...view, status: 'cancelled', finishedAt: now } : view,
        writes: open ? endExperiment(database, view.id, 'cancelled', null, now) : [],
      };
    },

    async deleteExperiment({ parameters }, { now }) {
      const { view } = await requireExperiment(parameters.experimentId, now);
      if (view.status === 'queued' || view.status === 'running') {
        throw conflict(`Experiment ${view.id} is ${view.status}; cancel it first`);
      }
      const tasks = await findTasksOfExperiment(database, view.id, now);
      const taskIds = tasks.map(({ task }) => task.id);
      return { writes: deleteExperiment(database, view.id, taskIds, now) };
    },

    async compareExperiments({ parameters }, { now }) {
      const { experimentId, otherExperimentId } = parameters;
      const first = await readSettings(experimentId, now);
      const second = await readSettings(otherExperimentId, now);
      return {
        body: {
          settings: compareDocuments(first, second),
          results: {
            first: await findResults(database, experimentId),
            second: await findResults(database, otherExperimentId),
          },
        },
      };
    },

    async getLineage({ parameters }, { now }) {
      await requireExperiment(parameters.experimentId, now);
      return { body: { tasks: await findLineage(database, parameters.experimentId) } };
    },
  };
}
