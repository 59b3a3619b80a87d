/** The key of a task: equal work has an equal key, whoever asks for it. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { taskBaseModel, taskPrinciple } from '../../shared/api/tasks.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';

export interface ArtifactReference {
  readonly sha256: string;
  readonly bytes: number;
}

export type TaskPrinciple = z.infer<typeof taskPrinciple>;
export type TaskBaseModel = z.infer<typeof taskBaseModel>;

/** Everything a runner needs to do the task, complete: nothing is defaulted there. */
export interface TaskSpecification {
  readonly kind: TaskKind;
  readonly shard: { readonly index: number; readonly count: number };
  readonly seed: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly principle: TaskPrinciple | null;
  readonly baseModel: TaskBaseModel;
  readonly prompts: ArtifactReference | null;
  readonly inputs: readonly (ArtifactReference & { readonly name: string })[];
}

/** SHA-256 over what decides the result: names of principles and places of models do not. */
export function taskKey(specification: TaskSpecification, engineVersion: string): string {
  const { kind, shard, seed, parameters, principle, baseModel, prompts, inputs } = specification;
  const content = {
    kind,
    shard,
    seed,
    parameters,
    principle: principle && {
      form: principle.form,
      responseOpening: principle.responseOpening,
      affixPairs: principle.affixPairs,
    },
    baseModel: baseModel.weightsSha256,
    prompts: prompts?.sha256 ?? null,
    inputs: inputs.map(({ name, sha256 }) => ({ name, sha256 })),
    engineVersion,
  };
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}
