/** Makes a base model known to the edge; it is opened here first, so that a wrong one is told before any work. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Client } from '../../shared/api/client.ts';
import { askEngine } from '../processes/ask-engine.ts';

/** What the API takes of a base model. */
type NewBaseModel = Parameters<Client['createBaseModel']>[0]['body'];

/**
 * @param source a folder, a file, a hub id, or `bundled`
 * @param cacheDirectory where conversions are kept
 * @throws UserError naming the file, the fault and the cure
 */
export async function readBaseModel(
  source: string,
  cacheDirectory: string,
  signal?: AbortSignal,
): Promise<NewBaseModel> {
  const place = existsSync(source) ? resolve(source) : source;
  const question = { name: 'base', source: place, cache: resolve(cacheDirectory) };
  const description = await askEngine('describe-model', question, signal);
  const key = createHash('sha256').update(description.weightsSha256).update(place).digest('hex');
  return { ...description, name: `base-${key.slice(0, 12)}` };
}

/** Registers the model unless it is there. */
export async function ensureBaseModel(client: Client, model: NewBaseModel) {
  const { items } = await client.listBaseModels({ query: { limit: 200 } });
  const present = items.find(({ name }) => name === model.name);
  return present ?? (await client.createBaseModel({ body: model }));
}
