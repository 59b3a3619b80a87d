/** Makes a base model known to the edge; it is opened here first, so that a wrong one is told before any work. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Client } from '../../shared/api/client.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import { serverAddress } from '../../shared/api/served-model.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import { askEngine } from '../processes/ask-engine.ts';

/** What the API takes of a base model, and of one that runners open. */
export type NewBaseModel = Parameters<Client['createBaseModel']>[0]['body'];
type OpenedModel = Extract<NewBaseModel, { source: string }>;

/**
 * @param source a folder, a file, a hub id, or `bundled`
 * @param cacheDirectory where conversions are kept
 * @throws UserError naming the file, the fault and the cure
 */
export async function readBaseModel(
  source: string,
  cacheDirectory: string,
  signal?: AbortSignal,
): Promise<OpenedModel> {
  const place = existsSync(source) ? resolve(source) : source;
  const question = { name: 'base', source: place, cache: resolve(cacheDirectory) };
  const description = await askEngine('describe-model', question, signal);
  const key = createHash('sha256').update(description.weightsSha256).update(place).digest('hex');
  return { ...description, name: `base-${key.slice(0, 12)}` };
}

/**
 * What simulates for another model.
 *
 * @param source undefined: the base model itself; `ADDRESS#NAME` of a model that is served there; else as a base model's
 * @param form that is asked for: a served model is asked by messages where it is `chat`
 * @throws UsageError for an address that cannot be one; as {@link readBaseModel}
 */
export async function readSimulator(
  source: string | undefined,
  cacheDirectory: string,
  form?: PromptForm,
): Promise<NewBaseModel | null> {
  if (source === undefined) return null;
  if (!/^https?:/i.test(source)) return await readBaseModel(source, cacheDirectory);
  const mark = source.indexOf('#');
  const [url, model] = mark < 0 ? [source, ''] : [source.slice(0, mark), source.slice(mark + 1)];
  const address = serverAddress.safeParse(url);
  if (!address.success || model === '') {
    throw new UsageError(
      `--simulator ${source} names no served model: give ADDRESS#NAME, such as http://127.0.0.1:8080/v1#smollm2; the ` +
        'address https, or http on this machine',
    );
  }
  const protocol = form === 'chat' ? 'chat' : 'completions';
  const key = createHash('sha256').update(source).digest('hex');
  const name = `served-${key.slice(0, 12)}${protocol === 'chat' ? '-chat' : ''}`;
  return { kind: 'served', name, url: address.data, model, protocol };
}

/** Registers the model unless it is there. */
export async function ensureBaseModel(client: Client, model: NewBaseModel) {
  const { items } = await client.listBaseModels({ query: { limit: 200 } });
  const present = items.find(({ name }) => name === model.name);
  return present ?? (await client.createBaseModel({ body: model }));
}
