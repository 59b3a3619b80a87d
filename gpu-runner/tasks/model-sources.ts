/** From where this runner opens models that experiments name: its operator's word, nobody else's. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readVariables, type Environment } from '../../shared/read-variables.ts';
import { UserError } from '../../shared/user-error.ts';
import { exists } from '../files/files.ts';
import { isHubId } from '../llama/weights/hub.ts';

/** Every owner on the hub, and no folder: a key of a client must not find out what lies on a runner's machine. */
const WHOLE_HUB = '*';

/** A folder begins with a slash (or a drive), an owner on the hub has none. */
const place = z
  .string()
  .trim()
  .refine(
    (text) => text === WHOLE_HUB || path.isAbsolute(text) || /^[\w.-]+$/.test(text),
    'needs folders from the root, and owners on the hub or * for all of them, separated by commas, such as /models,HuggingFaceTB',
  );

export const MODEL_SOURCE_VARIABLES = {
  RLCD_MODEL_SOURCES: {
    help:
      'folders and owners on the hub (*: every owner), separated by commas, from which experiments may have this runner open ' +
      'models, such as /models,HuggingFaceTB, beside the bundled one; the hub, and no folder, unless given',
    schema: z
      .string()
      .default(WHOLE_HUB)
      .transform((list) => list.split(','))
      .pipe(z.array(place)),
  },
} as const;

/** An experiment names a model that this runner's operator has not allowed. */
class ModelNotAllowedError extends UserError {
  override readonly name = 'ModelNotAllowedError';
  override readonly code = 'bad-input';
}

/** Whether a file or folder lies in another, whatever links lead there; what is not there lies nowhere. */
async function liesIn(source: string, folder: string): Promise<boolean> {
  const real = async (place: string) => await realpath(place).catch(() => undefined);
  const [inner, outer] = [await real(source), await real(folder)];
  if (inner === undefined || outer === undefined) return false;
  const way = path.relative(outer, inner);
  return way === '' || !(way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way));
}

/**
 * Refuses a source before anything of it is read. The refusal is the same whether it is there or not.
 *
 * @param source as `importModel` takes it, or the folder of a classifier
 * @throws ModelNotAllowedError naming the source and the variable that would allow it
 */
export async function requireAllowedSource(
  source: string,
  environment: Environment<typeof MODEL_SOURCE_VARIABLES> = process.env,
): Promise<void> {
  const { RLCD_MODEL_SOURCES: allowed } = readVariables(MODEL_SOURCE_VARIABLES, environment);
  if (source === 'bundled') return;
  // What exists as a path is taken as one.
  if (isHubId(source) && !(await exists(source))) {
    const [owner = ''] = source.split('/');
    if (allowed.includes(WHOLE_HUB) || allowed.includes(owner)) return;
  } else {
    for (const folder of allowed.filter((one) => path.isAbsolute(one))) {
      if (await liesIn(source, folder)) return;
    }
  }
  throw new ModelNotAllowedError(`this runner may not open ${source}`, {
    cure: 'Start the runner with its folder, or its owner on the hub, in RLCD_MODEL_SOURCES if it may: RLCD_MODEL_SOURCES=*,/models',
  });
}
