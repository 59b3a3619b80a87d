/** The id under which a runner claims: the same after a restart, so that the edge frees at once what it held. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { openCacheFolder } from '../files/cache-folder.ts';
import { hasCode } from '../../shared/caught.ts';

const FILE = 'runner.json';
/** Whose the id is: a cache may be shared by containers, and by several runners of one machine. */
const holder = z.strictObject({ id: z.uuid(), host: z.string(), pid: z.int().positive() });

/**
 * The id of the last runner of this cache folder if that has ended on this machine, else a new one: two processes
 * never claim under one id.
 */
export async function openRunnerId(cacheDirectory: string): Promise<string> {
  await openCacheFolder(cacheDirectory);
  const file = path.join(cacheDirectory, FILE);
  const present = await readHolder(file);
  if (present !== null && !hasEnded(present)) return randomUUID();
  const taken = `${file}.${process.pid}`;
  if (present !== null) {
    try {
      await rename(file, taken);
    } catch (error) {
      // Another runner that starts now was faster: the id is its.
      if (hasCode(error, 'ENOENT')) return randomUUID();
      throw error;
    }
  }
  const id = present?.id ?? randomUUID();
  await writeFile(taken, JSON.stringify({ id, host: hostname(), pid: process.pid }));
  await rename(taken, file);
  return id;
}

async function readHolder(file: string): Promise<z.infer<typeof holder> | null> {
  try {
    return holder.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw new Error(`${file} is damaged: delete it`, { cause: error });
  }
}

function hasEnded({ host, pid }: z.infer<typeof holder>): boolean {
  if (host !== hostname()) return false;
  // A container that starts again has the number it had before.
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return hasCode(error, 'ESRCH');
  }
}
