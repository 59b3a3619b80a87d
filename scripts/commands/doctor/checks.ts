/** What is looked at on a machine beside its engine: Node, folders, disk, port, edge. */
import { existsSync } from 'node:fs';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import type { Check } from '../../../shared/engine-questions.ts';
import { gigabytes } from '../../../shared/planner/plan.ts';
import { withTimeLimit } from '../../../shared/with-time-limit.ts';
import { freePort } from '../../processes/free-port.ts';

/** What a demo and its dashboard leave, with room. */
const LEAST_DISK = 1e9;
const EDGE_MILLISECONDS = 5000;

const passed = (name: string, found: string): Check => ({ name, status: 'passed', found, cure: null });

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 2)) return passed('Node', version);
  const cure = 'npm ci installs Node 24 beside the project, and npx rlcd and npm run take that one';
  return { name: 'Node', status: 'failed', found: `${version} runs no TypeScript`, cure };
}

/** Writes a file there and takes it away again. */
export async function checkFolder(folder: string): Promise<Check> {
  const name = 'folder';
  const isNew = !existsSync(folder);
  try {
    await makeFolder(folder);
    const file = join(folder, `doctor-${process.pid}`);
    await writeFile(file, '');
    await rm(isNew ? folder : file, { recursive: true });
    return passed(name, `${resolve(folder)} can be written`);
  } catch (error) {
    const cure = 'run in a folder that you own, or name another: --data FOLDER, RLCD_DATA and RLCD_CACHE';
    return { name, status: 'failed', found: (error as Error).message, cure };
  }
}

export async function checkDisk(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= LEAST_DISK) return passed('disk', `${gigabytes(free)} free`);
  const cure = `a run takes up to ${gigabytes(LEAST_DISK)}: make room, or name a folder on another disk (--data)`;
  return { name: 'disk', status: 'warning', found: `${gigabytes(free)} free`, cure };
}

/** What the runner has converted and downloaded. */
export async function checkModels(cache: string): Promise<Check> {
  if (!existsSync(cache))
    return passed('models', `none in ${cache} yet; the bundled model needs no download`);
  return passed('models', `${(await readdir(cache)).length} entries in ${cache}`);
}

export async function checkPort(port: number): Promise<Check> {
  const free = await freePort(port);
  if (free === port) return passed('port', `${port} is free`);
  const cure = 'the demo takes any free port; for rlcd serve set PORT, or stop the program that listens';
  return { name: 'port', status: 'warning', found: `${port} is taken`, cure };
}

/** Whether an edge answers there. */
export async function checkEdge(url: string): Promise<Check> {
  const name = 'edge';
  try {
    const status = await withTimeLimit(undefined, EDGE_MILLISECONDS, async (signal) => {
      const response = await fetch(new URL('/v1/health', url), { signal });
      await response.arrayBuffer();
      return response.status;
    });
    if (status === 200) return passed(name, `${url} answers`);
    const cure = 'RLCD_EDGE_URL is the address of an edge, without /v1';
    return { name, status: 'failed', found: `${url} answers ${status}`, cure };
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    const cure = 'start it (npx rlcd serve), mend RLCD_EDGE_URL, or let this machine through to it';
    return { name, status: 'failed', found: `${url} does not answer: ${why}`, cure };
  }
}
