/** The export task: the files that `rlcd export` writes, each an artifact. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ExportFile } from '../../shared/export/export-file.ts';
import { exportBytes } from '../../shared/export/export-size.ts';
import { worked } from '../../shared/working.ts';
import { parameterCount } from '../../shared/planner/model-bytes.ts';
import { modelFiles } from '../export/model-files.ts';
import { readAdapterArtifact } from './adapter-artifact.ts';
import { inputBytes, type TaskContext, type TaskRun } from './task-context.ts';

const MEDIA_TYPE = 'application/octet-stream';
/** Progress is told at each of so many bytes. */
const TELL_EVERY = 32e6;
const MEGABYTE = 1e6;

export const runExport: TaskRun<'export'> = async (context) => {
  const { task, model, artifacts, hooks, cacheDirectory } = context;
  const { form, quantisation, name } = task.parameters;
  // The form without numbers of its own ignores which are named.
  const wanted = { form, quantisation: quantisation ?? 'f16', name };
  const files = await modelFiles(model, await adapterOf(context), wanted);
  const total = Math.max(1, exportBytes(parameterCount(model.architecture), task.parameters) / MEGABYTE);
  let written = 0;
  let told = 0;
  const onBytes = (bytes: number): void => {
    hooks.signal.throwIfAborted();
    written += bytes;
    if (written - told < TELL_EVERY) return;
    told = written;
    hooks.progress(Math.min(total, written / MEGABYTE), total, 'megabytes');
  };
  await mkdir(cacheDirectory, { recursive: true });
  const folder = await mkdtemp(path.join(cacheDirectory, 'export-'));
  try {
    const outputs: { name: string; sha256: string }[] = [];
    const named: { output: string; name: string }[] = [];
    for (const [index, file] of files.entries()) {
      const output = `file-${String(index).padStart(3, '0')}`;
      const place = path.join(folder, 'file');
      const { bytes, sha256 } = await writeFile(place, file, onBytes);
      await artifacts.putFile({ kind: 'export', mediaType: MEDIA_TYPE, file: place, bytes, sha256 });
      outputs.push({ name: output, sha256 });
      named.push({ output, name: file.name });
    }
    return { outputs, result: { files: named } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function adapterOf(context: TaskContext<'export'>) {
  const { task, model } = context;
  if (task.inputs.length === 0) return null;
  return await readAdapterArtifact(await inputBytes(context, 'adapter'), model.architecture, 'the adapter');
}

async function writeFile(place: string, { chunks }: ExportFile, onBytes: (bytes: number) => void) {
  const hash = createHash('sha256');
  const handle = await open(place, 'w');
  let bytes = 0;
  try {
    for await (const chunk of chunks()) {
      await handle.writeFile(chunk);
      hash.update(chunk);
      worked();
      bytes += chunk.length;
      onBytes(chunk.length);
    }
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}
