/** The settings of several experiments beside each other, and which of them tell the experiments apart. */
import type { ExperimentDetail } from '../../app/types.ts';

export interface Setting {
  /** As people know it from the API. */
  readonly name: string;
  /** Of each experiment; undefined where it has none such. */
  readonly values: readonly (string | undefined)[];
  /** Whether those that could have it have it differently. What a stage is set to tells nothing of who has no such stage. */
  readonly differs: boolean;
}

type Told = Pick<
  ExperimentDetail,
  'method' | 'principle' | 'promptSet' | 'baseModel' | 'simulator' | 'seed' | 'shards'
> & { readonly stages: readonly Pick<ExperimentDetail['stages'][number], 'name' | 'parameters'>[] };

function ownOf({ method, principle, promptSet, baseModel, simulator, seed, shards }: Told) {
  return {
    method,
    principle: `${principle.name} v${principle.version}`,
    'prompt set': promptSet.name,
    'base model': baseModel.name,
    'simulated by': (simulator ?? baseModel).name,
    seed,
    shards,
  };
}

const stagesOf = (experiments: readonly Told[]) => [
  ...new Set(experiments.flatMap(({ stages }) => stages.map(({ name }) => name))),
];

/** Every setting that one of them has, their own first, then stage by stage. */
export function settingsOf(experiments: readonly Told[]): Setting[] {
  const own = rowsOf('', experiments.map(ownOf));
  const ofStages = stagesOf(experiments).flatMap((stage) =>
    rowsOf(
      `${stage}: `,
      experiments.map(({ stages }) => stages.find(({ name }) => name === stage)?.parameters),
    ),
  );
  return [...own, ...ofStages];
}

/** @param groups settings that belong together, of each experiment; undefined where it has none of them */
function rowsOf(
  prefix: string,
  groups: readonly (Readonly<Record<string, unknown>> | undefined)[],
): Setting[] {
  const names = [...new Set(groups.flatMap((group) => Object.keys(group ?? {})))];
  return names.map((name) => {
    const values = groups.map((group) => textOf(group?.[name]));
    const ofThoseWhoCould = values.filter((_, index) => groups[index] !== undefined);
    return { name: `${prefix}${name}`, values, differs: new Set(ofThoseWhoCould).size > 1 };
  });
}

function textOf(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** The stages that others have, of each experiment that lacks some. */
export function lackedStages<Experiment extends Told>(
  experiments: readonly Experiment[],
): { readonly experiment: Experiment; readonly stages: readonly string[] }[] {
  const all = stagesOf(experiments);
  return experiments
    .map((experiment) => {
      const has = new Set(experiment.stages.map(({ name }) => name));
      return { experiment, stages: all.filter((name) => !has.has(name)) };
    })
    .filter(({ stages }) => stages.length > 0);
}
