/** Which adapter of an experiment leaves: its final policy unless another is named. */
import { ExportError } from './export-error.ts';

/** What the lineage says of a task. */
interface LineageTask {
  readonly stage: string;
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
}

export interface ChosenArtifact {
  readonly stage: string;
  readonly output: string;
  readonly sha256: string;
}

/** The base alone, without an adapter. */
const BASE_STAGE = 'base';

/** Outputs that are adapters; a preference model is one with a head. */
const isAdapter = (name: string): boolean =>
  name === 'adapter' || name === 'preference-model' || name.startsWith('cell-');

/**
 * @param wanted a stage, `base` for the base alone, or an artifact by its SHA-256
 * @returns null for the base alone
 * @throws ExportError naming what there is
 */
export function chooseArtifact(
  { tasks, status }: { readonly tasks: readonly LineageTask[]; readonly status: string },
  wanted: { readonly stage?: string | undefined; readonly artifact?: string | undefined } = {},
): ChosenArtifact | null {
  const all = tasks.flatMap(({ stage, outputs }) =>
    outputs
      .filter(({ name }) => isAdapter(name))
      .map(({ name, sha256 }) => ({ stage, output: name, sha256 })),
  );
  if (wanted.stage === BASE_STAGE) return null;
  if (wanted.artifact !== undefined) {
    const found = all.find(({ sha256 }) => sha256 === wanted.artifact);
    if (found !== undefined) return found;
    throw new ExportError(`artifact ${wanted.artifact} is no adapter of this experiment`, cure(all));
  }
  if (wanted.stage !== undefined) {
    const found = all.filter(({ stage }) => stage === wanted.stage);
    const [first, ...others] = found;
    if (first !== undefined && others.length === 0) return first;
    const fault =
      first === undefined ? 'made no adapter' : `made ${found.length} adapters; name one by its hash`;
    throw new ExportError(`stage ${wanted.stage} ${fault}`, cure(all));
  }
  const last =
    all.findLast(({ output }) => output === 'adapter') ??
    // Of an experiment that ends with it, not of one that has not come to its policy.
    (status === 'succeeded' ? all.findLast(({ output }) => output === 'preference-model') : undefined);
  if (last !== undefined) return last;
  if (all.length > 0) throw new ExportError('the experiment has no policy yet', cure(all));
  throw new ExportError('the experiment has made no adapter', {
    cure: 'Wait until it has, or ask for the stage base, which is the base model alone',
  });
}

function cure(all: readonly ChosenArtifact[]): { cure: string } {
  const listed = all.map(({ stage, output, sha256 }) => `${stage} ${output} ${sha256}`).join('; ');
  return { cure: listed === '' ? 'Wait until it has made one' : `It has ${listed}` };
}
