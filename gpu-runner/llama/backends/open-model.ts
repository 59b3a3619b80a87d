/** The one place where a device is chosen: an imported model becomes one that is ready to run. */
import { type ImportedModel, importModel, type ImportOptions } from '../weights/import-model.ts';
import type { Model } from '../weights/model.ts';
import { openCpuBackend } from './cpu/cpu-backend.ts';
import { openCudaBase } from './cuda/cuda-base.ts';
import { cudaBackend } from './cuda/cuda-backend.ts';

/** What a model can run on. */
export type Device = 'cpu' | 'cuda';

/**
 * Chooses the device of an imported model, once and for all.
 *
 * @param cacheDirectory where its weights are kept in the form of a device once they were made
 */
export async function onDevice(
  imported: ImportedModel,
  device: Device,
  cacheDirectory: string,
): Promise<Model> {
  const { base } = imported;
  if (device === 'cpu') return { ...imported, backend: await openCpuBackend(base) };
  const converted = await openCudaBase(base, cacheDirectory);
  const release = (): void => {
    converted.release();
    imported.release();
  };
  return { ...imported, backend: cudaBackend(base, converted.folder), release };
}

/** Imports a model (see {@link importModel}) for the CPU. @throws ModelFileError */
export async function openModel(pathOrHubId: string, options: ImportOptions): Promise<Model> {
  return await onDevice(await importModel(pathOrHubId, options), 'cpu', options.cacheDirectory);
}
