/** Makes what a run is made of known to the edge. */
import type { Client } from '../../shared/api/client.ts';
import { ensureBaseModel, type NewBaseModel } from './base-model.ts';
import { ensurePrinciple, type NamedPrinciple } from './principle.ts';
import { ensurePrompts, type NamedPrompts } from './prompts.ts';

interface Materials {
  readonly principle: NamedPrinciple;
  readonly prompts: NamedPrompts;
  readonly model: NewBaseModel;
  /** Null: the model itself. */
  readonly simulator: NewBaseModel | null;
}

/** Puts each, or finds it. */
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
