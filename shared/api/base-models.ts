/** The contract of base models: what experiments start from, and where runners find it. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, entries, identifier, instant, name, positiveInteger, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { servedModel } from './served-model.ts';
import { sha256 } from './sha256.ts';

const baseModelFields = {
  name,
  /** A folder on the runners, a hub identifier (`huggyllama/llama-7b`), or `bundled`. */
  source: text(500),
  /**
   * The model's identity: over its weights and everything else that changes what it answers (architecture, tokenizer, ends,
   * chat template). Part of every task's key, so it tells models apart. The runner states it: `--describe-model SOURCE`.
   */
  weightsSha256: sha256,
  parameterCount: positiveInteger,
  /** Tokens. */
  contextLength: z.int().min(1).max(10_000_000),
  /** A summary of the architecture, for people. */
  configuration: entries(
    z.string().max(100),
    z.union([text(1000), z.number(), z.boolean(), z.null()]),
    1000,
  ).default({}),
};

/** A model whose weights runners open. */
export const openedModel = z.strictObject(baseModelFields);

/** A model that a server elsewhere runs: it can simulate, label and judge. */
const newServedModel = z.strictObject({
  kind: z.literal('served'),
  name,
  ...servedModel.shape,
  /** Tokens; a prompt that cannot fit is told before any is asked. */
  contextLength: baseModelFields.contextLength.default(4096),
});

const baseModel = z
  .object({
    id: identifier,
    ...baseModelFields,
    /** 0 for a served model. */
    parameterCount: z.int().nonnegative(),
    /** Null for a model whose weights runners open. */
    served: servedModel.nullable(),
    createdAt: instant,
    createdBy: creator,
  })
  .meta({ id: 'BaseModel' });
const baseModelId = z.strictObject({ baseModelId: identifier });

export type NewBaseModel = z.output<typeof openedModel> | z.output<typeof newServedModel>;

export const baseModelEndpoints = defineEndpoints({
  createBaseModel: {
    method: 'post',
    path: '/v1/base-models',
    tag: 'base models',
    summary: 'Register a base model that runners open, or one that is served elsewhere',
    scopes: ['admin', 'client'],
    body: z.union([openedModel, newServedModel]),
    status: 201,
    response: baseModel,
    creates: true,
  },
  listBaseModels: {
    method: 'get',
    path: '/v1/base-models',
    tag: 'base models',
    summary: 'List base models, the newest first',
    scopes: ['admin', 'client'],
    query: pageQuery({}),
    status: 200,
    response: page(baseModel),
  },
  getBaseModel: {
    method: 'get',
    path: '/v1/base-models/{baseModelId}',
    tag: 'base models',
    summary: 'Get a base model',
    scopes: ['admin', 'client'],
    parameters: baseModelId,
    status: 200,
    response: baseModel,
  },
  deleteBaseModel: {
    method: 'delete',
    path: '/v1/base-models/{baseModelId}',
    tag: 'base models',
    summary: 'Delete a base model that no experiment uses',
    scopes: ['admin', 'client'],
    parameters: baseModelId,
    status: 204,
  },
});
