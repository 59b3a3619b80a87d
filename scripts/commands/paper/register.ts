/** Makes the materials of a comparison known to the edge. */
import type { Client } from '../../../shared/api/client.ts';
import { ensureBaseModel } from '../../experiment/base-model.ts';
import { ensurePrinciple } from '../../experiment/principle.ts';
import { ensurePrompts } from '../../experiment/prompts.ts';
import type { Materials } from './materials.ts';

export async function register(client: Client, { principle, prompts, model, simulator }: Materials) {
  const version = await ensurePrinciple(client, principle);
  const promptSet = await ensurePrompts(client, prompts);
  const baseModel = await ensureBaseModel(client, model);
  const writer = simulator && (await ensureBaseModel(client, simulator));
  return {
    principle: { name: principle.name, version },
    promptSet,
    baseModel: baseModel.id,
    simulator: writer?.id,
  };
}

export type Registered = Awaited<ReturnType<typeof register>>;
