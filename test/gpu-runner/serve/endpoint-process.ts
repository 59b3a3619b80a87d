/** The bundled model with a chat template beside its tokenizer, served by a real process. */
import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import OpenAI from 'openai';
import { type Endpoint, startEndpoint } from '../../../scripts/processes/endpoint-process.ts';

const BUNDLED = path.join(import.meta.dirname, '../../../gpu-runner/models/stories');
export const KEY = 'a-key-of-the-test-that-is-long-enough';

/** Stories have no turns: the template says them one after the other, and refuses a late system turn. */
const TEMPLATE =
  "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' and not loop.first %}" +
  "{{ raise_exception('The system turn comes first') }}{% endif %}{{ m.content }} {% endfor %}";

/** A folder with the bundled model and the template. */
export async function storiesWithTemplate(): Promise<string> {
  const folder = path.join(await mkdtemp(path.join(tmpdir(), 'endpoint-')), 'stories');
  await cp(BUNDLED, folder, { recursive: true });
  await writeFile(path.join(folder, 'chat_template.jinja'), TEMPLATE);
  return folder;
}

/** Serves a model as `stories`. */
export async function serveStories(
  model: string,
  adapters: Readonly<Record<string, string>> = {},
): Promise<Endpoint & { readonly client: OpenAI }> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'endpoint-'));
  const cache = path.join(dataFolder, 'cache');
  const endpoint = await startEndpoint({
    model,
    isOwn: true,
    name: 'stories',
    adapters,
    key: KEY,
    cache,
    dataFolder,
  });
  return { ...endpoint, client: new OpenAI({ baseURL: endpoint.url, apiKey: KEY, maxRetries: 0 }) };
}
