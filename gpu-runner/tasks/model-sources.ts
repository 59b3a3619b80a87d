/** From where this runner opens models that experiments name: its operator's word, nobody else's. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readVariables, type Environment } from '../../shared/read-variables.ts';
import { UserError } from '../../shared/user-error.ts';
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

/** A source that a person names on this machine: a path that exists is one, however it is written. */
export function resolvedSource(source: string): string {
  return source !== 'bundled' && existsSync(source) ? path.resolve(source) : source;
}

/** From the root, or plainly from where the runner was started: what else has slashes is a hub id or nothing. */
function isPath(text: string): boolean {
  return path.isAbsolute(text) || /^\.\.?[\\/]/.test(text);
}

/**
 * Refuses a source before anything of it is read. The refusal is the same whether it is there or not.
 *
 * @param source as `importModel` takes it with `hubFirst`
 * @throws ModelNotAllowedError naming the source and the variable that would allow it
 */
export async function requireAllowedSource(
  source: string,
  environment: Environment<typeof MODEL_SOURCE_VARIABLES> = process.env,
): Promise<void> {
  if (source === 'bundled') {
    readAllowed(environment);
    return;
  }
  if (!isHubId(source)) {
    await requireAllowedPlace(source, environment);
    return;
  }
  const allowed = readAllowed(environment);
  const [owner = ''] = source.split('/');
  if (!allowed.includes(WHOLE_HUB) && !allowed.includes(owner)) throw notAllowed(source);
}

/** The same for a file or folder, which is none of the hub's. @throws ModelNotAllowedError */
export async function requireAllowedPlace(
  place: string,
  environment: Environment<typeof MODEL_SOURCE_VARIABLES> = process.env,
): Promise<void> {
  const folders = readAllowed(environment).filter((one) => path.isAbsolute(one));
  if (isPath(place)) {
    for (const folder of folders) if (await liesIn(place, folder)) return;
  }
  throw notAllowed(place);
}

function readAllowed(environment: Environment<typeof MODEL_SOURCE_VARIABLES>): readonly string[] {
  return readVariables(MODEL_SOURCE_VARIABLES, environment).RLCD_MODEL_SOURCES;
}

function notAllowed(source: string): ModelNotAllowedError {
  return new ModelNotAllowedError(`this runner may not open ${source}`, {
    cure: 'Start the runner with its folder, or its owner on the hub, in RLCD_MODEL_SOURCES if it may: RLCD_MODEL_SOURCES=*,/models',
  });
}
