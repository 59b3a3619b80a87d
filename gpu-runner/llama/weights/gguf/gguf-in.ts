/** Finds the GGUF model of a folder. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ModelFileError } from '../../../files/model-file-error.ts';
import { partsOf } from './split-files.ts';

/**
 * The GGUF file of a folder that has no weights of another kind; the first part of a split one. Undefined where there is
 * none.
 *
 * @throws ModelFileError naming them where there are several
 */
export async function ggufIn(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).toSorted();
  if (names.some((name) => /\.safetensors$|\.safetensors\.index\.json$|^pytorch_model/.test(name)))
    return undefined;
  const models = new Set(
    names.filter((name) => name.endsWith('.gguf')).map((name) => partsOf(path.join(folder, name))[0] ?? name),
  );
  const [model] = models;
  if (models.size <= 1) return model;
  const shown = [...models].map((file) => path.basename(file));
  throw new ModelFileError(
    folder,
    null,
    `holds ${shown.length} GGUF models: ${shown.slice(0, 8).join(', ')}${shown.length > 8 ? ' ...' : ''}`,
    'Give the path of the one that you want',
  );
}
