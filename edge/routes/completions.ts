/** Completions by models that runners serve: which model is meant, which runner is asked, and its answer handed on. */
import type { completionEndpoints } from '../../shared/api/completions.ts';
import type { likelihoodEndpoints } from '../../shared/api/likelihoods.ts';
import { METHOD_STAGES } from '../../shared/method-stages.ts';
import { hashOf, type RequestedModel } from '../../shared/serving.ts';
import { DomainError, notFound } from '../domain/errors.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Call, Handlers } from '../http/handler.ts';
import { watchKey, whileGood } from '../http/key-watch.ts';
import type { Sessions } from '../http/sessions.ts';
import { askRunner } from '../orchestration/serving/ask-runner.ts';
import { findBaseModel, findBaseModelByName, listBaseModels } from '../store/base-models.ts';
import { findExperiment, findLineage, listExperiments } from '../store/experiment-views.ts';
import type { KnownKeys } from '../store/known-keys.ts';
import { listServingRunners } from '../store/runners.ts';

/** The newest of each are listed. */
const MOST_LISTED = 200;
const ADAPTER = /^([0-9a-f-]{36})\/adapter$/;
/** Of a runner's answer, what a client is told. */
const KEPT_HEADERS = ['content-type', 'retry-after', 'x-accel-buffering'];

const NOBODY = new DomainError(
  'not-served',
  'No runner that is alive serves models: start one with RLCD_SERVE_URL set to an address under which this edge reaches it (npx rlcd runner --help)',
);

/** The methods whose experiments leave an adapter. */
const ADAPTING = new Set(
  Object.entries(METHOD_STAGES)
    .filter(([, stages]) => stages.some(({ inputs }) => inputs.some(({ output }) => output === 'adapter')))
    .map(([method]) => method),
);

export function completionHandlers(
  { database, blobs, clock }: Dependencies,
  keys: KnownKeys,
  sessions: Sessions,
): Handlers<typeof completionEndpoints & typeof likelihoodEndpoints> {
  async function findModel(id: string, now: number): Promise<RequestedModel> {
    const [, experimentId] = ADAPTER.exec(id) ?? [];
    if (experimentId === undefined) {
      const base = await findBaseModelByName(database, id);
      if (!base) throw unknownModel(id);
      if (base.served !== null)
        throw new DomainError('not-served', `Model ${id} is served elsewhere: ask ${base.served.url}`);
      return { source: base.source, identity: base.weightsSha256, adapterSha256: null };
    }
    const experiment = await findExperiment(database, experimentId, now);
    if (!experiment) throw unknownModel(id);
    const base = await findBaseModel(database, experiment.view.baseModel.id);
    const outputs = (await findLineage(database, experimentId)).flatMap((task) => task.outputs);
    const adapter = outputs.find(({ name }) => name === 'adapter');
    if (!base || !adapter) throw notFound(`an adapter of experiment ${experimentId} (yet)`);
    return { source: base.source, identity: base.weightsSha256, adapterSha256: adapter.sha256 };
  }

  /** Live runners with their secrets; those that come first for a model always do, so that it stays open there. */
  async function runnersFor(model: RequestedModel, now: number) {
    const found = await listServingRunners(database, now);
    const known = await Promise.all(
      found.map(async ({ id, keyId, serveUrl }) => {
        const key = await keys.find(keyId);
        return key && keys.isLive(key)
          ? [{ serveUrl, secretSha256: key.secretSha256, rank: hashOf(`${model.identity} ${id}`) }]
          : [];
      }),
    );
    return known.flat().toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
  }

  async function answer(
    path: string,
    body: { readonly model: string },
    { now, request, principal }: Call,
  ): Promise<Response> {
    const model = await findModel(body.model, now);
    const isGood = await watchKey(keys, sessions, principal);
    for (const runner of await runnersFor(model, now)) {
      const asked = { path, body: JSON.stringify(body), model };
      const found = await askRunner(runner, asked, { database, blobs }, clock, request.signal);
      if (found === undefined) continue;
      const kept = KEPT_HEADERS.flatMap((name): [string, string][] => {
        const value = found.headers.get(name);
        return value === null ? [] : [[name, value]];
      });
      return new Response(found.body && whileGood(found.body, isGood), {
        status: found.status,
        headers: [...kept, ['cache-control', 'no-store']],
      });
    }
    throw NOBODY;
  }

  return {
    createChatCompletion: async ({ body }, call) => await answer('/v1/chat/completions', body, call),

    createCompletion: async ({ body }, call) => await answer('/v1/completions', body, call),

    measureLikelihood: async ({ body }, call) => await answer('/v1/likelihoods', body, call),

    async listServedModels(_, { now }) {
      const bases = await listBaseModels(database, { limit: MOST_LISTED });
      const experiments = await listExperiments(database, { status: 'succeeded', limit: MOST_LISTED }, now);
      const ids = [
        ...bases.items
          .filter(({ served }) => served === null)
          .map(({ name, createdAt }) => ({ id: name, createdAt })),
        ...experiments.items
          .filter(({ method }) => ADAPTING.has(method))
          .map(({ id, createdAt }) => ({ id: `${id}/adapter`, createdAt })),
      ];
      const data = ids.map(({ id, createdAt }) => ({
        id,
        object: 'model' as const,
        created: Math.floor(createdAt / 1000),
        owned_by: 'rlcd',
      }));
      return { body: { object: 'list', data } };
    },
  };
}

function unknownModel(id: string): DomainError {
  return notFound(`model ${id} (a base model's name, or EXPERIMENT/adapter)`);
}
