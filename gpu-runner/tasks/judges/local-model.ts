/** Folders as transformers.js opens them, by a name below one place; nothing is loaded from a network. */
import { basename, dirname, resolve } from 'node:path';
import { env } from '@huggingface/transformers';

/** The options of `from_pretrained` and `pipeline` that keep to the folder. */
export const LOCAL = { local_files_only: true } as const;

/** @returns what the folder is called from now on, until another is named */
export function localModel(folder: string): string {
  const place = resolve(folder);
  env.allowRemoteModels = false;
  env.localModelPath = dirname(place);
  return basename(place);
}
