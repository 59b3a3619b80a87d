/** The folder of a run: its keys and, beside them, what the edge and the runner keep. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../make-folder.ts';
import { createClient, type Client } from '../../shared/api/client.ts';
import { patientFetch } from '../processes/patient-fetch.ts';
import { messageOf } from '../../shared/caught.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import { holdFolder, type Holder } from './folder-holder.ts';

const keys = z.strictObject({ admin: z.string().min(32), runner: z.string().optional() });
type Keys = z.infer<typeof keys>;

/** In the folder of every run. */
export const KEYS_FILE = 'keys.json';

export interface DataFolder {
  readonly path: string;
  readonly adminKey: string;
  /** Where the keys lie. */
  readonly keysFile: string;
  /** The runner's key, the same in every run: a runner's id belongs to its key. */
  runnerKey(client: Client): Promise<string>;
  /** Removes it with all that it holds. */
  remove(): Promise<void>;
  /** Lets others work in it. */
  close(): void;
}

/**
 * @param given undefined for a fresh folder in .rlcd
 * @param holder who works in it until `close`
 * @throws UsageError where another program does, or its keys are damaged
 */
export async function openDataFolder(
  given: string | undefined,
  now: Date,
  holder: Pick<Holder, 'command' | 'url'>,
): Promise<DataFolder> {
  const path = resolve(given ?? join('.rlcd', `demo-${now.toISOString().replaceAll(/[:.]/g, '-')}`));
  try {
    await makeFolder(path);
    await access(path, constants.W_OK);
  } catch (cause) {
    throw new UsageError(`--data ${path} is no folder that can be written to: ${messageOf(cause)}`, {
      cure: 'Name another folder; one that is not there is made',
      cause,
    });
  }
  const close = holdFolder(path, holder);
  try {
    return await openHeld(path, close);
  } catch (error) {
    close();
    throw error;
  }
}

async function openHeld(path: string, close: () => void): Promise<DataFolder> {
  const file = join(path, KEYS_FILE);
  let present: Keys = existsSync(file)
    ? await readKeys(file)
    : { admin: randomBytes(32).toString('base64url') };
  const write = () => writeFile(file, JSON.stringify(present), { mode: 0o600 });
  await write();
  return {
    path,
    adminKey: present.admin,
    keysFile: file,
    remove: () => rm(path, { recursive: true }),
    close,
    runnerKey: async (client) => {
      if (present.runner !== undefined) return present.runner;
      const { secret } = await client.createKey({ body: { name: 'runner of the demo', scopes: ['runner'] } });
      if (secret === null)
        throw new Error('the edge showed no secret for a new key: start with another --data');
      present = { ...present, runner: secret };
      await write();
      return secret;
    },
  };
}

async function readKeys(file: string): Promise<Keys> {
  const text = await readFile(file, 'utf8');
  try {
    return keys.parse(JSON.parse(text));
  } catch (cause) {
    throw new UsageError(`${file} is damaged: give another folder to --data`, { cause });
  }
}

/** The administrator's key of a folder in which another program works. */
export async function readAdminKey(path: string): Promise<string> {
  return (await readKeys(join(path, KEYS_FILE))).admin;
}

/** A client with the administrator's key, for as long as the edge may take. */
export function adminClient(baseUrl: string, { adminKey }: Pick<DataFolder, 'adminKey'>): Client {
  return createClient({ baseUrl, key: adminKey, fetch: patientFetch() });
}
