/** The contract of base models: what experiments start from, and where runners find it. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, entries, identifier, instant, name, positiveInteger, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { servedModel } from './served-model.ts';
import { sha256 } from './sha256.ts';

const baseModelFields = {
  name: name.describe('Its name, by which experiments may name it'),
  source: text(500).describe(
    'A folder on the runners, a hub identifier (`huggyllama/llama-7b`), or `bundled`',
  ),
  weightsSha256: sha256.describe(
    "The model's identity: over its weights and everything else that changes what it answers " +
      "(architecture, tokenizer, ends, chat template). Part of every task's key, so it tells models " +
      'apart. The runner states it: `--describe-model SOURCE`',
  ),
  parameterCount: positiveInteger.describe('Number of its weights'),
  contextLength: z.int().min(1).max(10_000_000).describe('Tokens'),
  configuration: entries(z.string().max(100), z.union([text(1000), z.number(), z.boolean(), z.null()]), 1000)
    .default({})
    .describe('A summary of the architecture, for people'),
};

/** A model whose weights runners open. */
export const openedModel = z.strictObject(baseModelFields);

/** A model that a server elsewhere runs: it can simulate, label and judge. */
const newServedModel = z.strictObject({
  kind: z.literal('served').describe('A model that a server elsewhere runs'),
  name: name.describe('Its name, by which experiments may name it'),
  ...servedModel.shape,
  contextLength: baseModelFields.contextLength
    .default(4096)
    .describe('Tokens; a prompt that cannot fit is told before any is asked'),
});

const baseModel = z
  .object({
    id: identifier.describe('Its id'),
    ...baseModelFields,
    parameterCount: z.int().nonnegative().describe('0 for a served model'),
    served: servedModel.nullable().describe('Null for a model whose weights runners open'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: creator,
  })
  .meta({ id: 'BaseModel', description: 'A model that experiments start from' });
const baseModelId = z.strictObject({ baseModelId: identifier.describe('The base model, by its id') });

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
    refuses: ['not-found'],
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
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
});
