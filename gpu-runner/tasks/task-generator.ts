/** The sampler of a task, opened by the task's own parameters. */
import { Generator, type GeneratorOptions } from '../algorithms/generator.ts';
import type { Model } from '../llama/weights/model.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';

/** What of a task decides how it samples. */
interface SamplingTask {
  readonly model: Model;
  readonly task: {
    readonly seed: number;
    readonly parameters: Pick<GeneratorOptions, 'promptForm' | 'temperature' | 'topP' | 'maximumNewTokens'>;
  };
}

/** What the tasks differ in. */
type Chosen = Pick<GeneratorOptions, 'maximumTime' | 'withReference'> &
  Partial<Pick<GeneratorOptions, 'adapters' | 'bannedTokens' | 'referenceTemperature' | 'onDrawn'>>;

/** Nothing is banned and the base's log-probabilities are at temperature 1 unless chosen otherwise. */
export async function openTaskGenerator({ model, task }: SamplingTask, chosen: Chosen): Promise<Generator> {
  const { promptForm, temperature, topP, maximumNewTokens } = task.parameters;
  return await Generator.open({
    model,
    promptForm,
    temperature,
    topP,
    maximumNewTokens,
    seed: task.seed,
    bannedTokens: [],
    referenceTemperature: 1,
    ...batchSizes(model),
    ...chosen,
  });
}
