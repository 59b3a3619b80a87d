/** Base models. */
import type { baseModelEndpoints } from '../../shared/api/base-models.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { conflict, notFound, requireUnused } from '../domain/errors.ts';
import {
  deleteBaseModel,
  findBaseModel,
  findBaseModelByName,
  insertBaseModel,
  listBaseModels,
} from '../store/base-models.ts';
import { baseModelFields } from '../domain/base-model.ts';
import { whoUsesBaseModel } from '../store/uses.ts';
import { createIdentifier } from '../store/identifier.ts';

export function baseModelHandlers({ database }: Dependencies): Handlers<typeof baseModelEndpoints> {
  async function requireBaseModel(id: string) {
    const baseModel = await findBaseModel(database, id);
    if (!baseModel) throw notFound(`base model ${id}`);
    return baseModel;
  }

  return {
    async createBaseModel({ body }, { now, createdBy }) {
      if (await findBaseModelByName(database, body.name)) {
        throw conflict(`A base model has the name ${body.name}; choose another`);
      }
      const row = { id: createIdentifier(now), ...baseModelFields(body), createdAt: now, createdBy };
      return { body: row, writes: [insertBaseModel(database, row)] };
    },
    async listBaseModels({ query }) {
      return { body: await listBaseModels(database, query) };
    },
    async getBaseModel({ parameters }) {
      return { body: await requireBaseModel(parameters.baseModelId) };
    },
    async deleteBaseModel({ parameters }) {
      const { id, name } = await requireBaseModel(parameters.baseModelId);
      requireUnused(`base model ${name}`, await whoUsesBaseModel(database, id));
      return { writes: [deleteBaseModel(database, id)] };
    },
  };
}
