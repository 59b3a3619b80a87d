/** What of an error may leave this machine: no place of its file system, and nothing that stands in a file of its own. */
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { ModelFileError } from '../files/model-file-error.ts';
import { isHubId } from '../llama/weights/hub.ts';

/**
 * An absolute path of two parts or more, whose last one is told; no part of an address or of a relative path, and none of
 * the API's.
 */
const PLACE = /(?<![\w/:.~*-])\/(?!v1\/)(?:[^\s/"'`,;()<>|]+\/)+(?<last>[^\s/"'`,;()<>|:]*)/g;

/** A text in which files and folders are called by their last part, but for what the client has named itself. */
export function withoutPlaces(text: string, named: readonly string[] = []): string {
  const kept = named.filter((place) => path.isAbsolute(place));
  // What stands in the place of a kept one meanwhile, which no text holds.
  const mark = (index: number): string => `\u0000${index}\u0000`;
  let hidden = text;
  for (const [index, place] of kept.entries()) hidden = hidden.replaceAll(place, mark(index));
  // Their names may hold spaces, at which a path would seem to end.
  for (const folder of [process.cwd(), tmpdir(), homedir()]) {
    if (folder !== path.sep) hidden = hidden.replaceAll(`${folder}${path.sep}`, `${path.sep}-${path.sep}`);
  }
  hidden = hidden.replaceAll(PLACE, (...parts) => (parts.at(-1) as { last: string }).last);
  return kept.reduce((shown, place, index) => shown.replaceAll(mark(index), place), hidden);
}

/**
 * An error of a model that lies on this machine, without what was read of its files: who names a path may name a file that
 * is no model. What comes from the hub, or with rlcd, is public and told in full.
 *
 * @param source as the client named it
 */
export function withoutContents(error: unknown, source: string): unknown {
  const isOurs = !isHubId(source) && path.isAbsolute(error instanceof ModelFileError ? error.file : '');
  if (!(error instanceof ModelFileError) || !isOurs) return error;
  return new ModelFileError(
    path.basename(error.file),
    null,
    'cannot be read as a part of a model',
    "The runner's log says what is wrong with it, and so does npx rlcd runner --describe-model on its machine",
    { cause: error },
  );
}
