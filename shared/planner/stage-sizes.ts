/** What a stage is to do, in a few words, for a table of a plan. */
import type { Hyperparameters } from '../api/tasks/kinds.ts';
import { settingsOf } from './work.ts';

/** By the name of the stage; a stage that nothing is said of has no size. */
export function stageSizes(hyperparameters: Hyperparameters): Readonly<Record<string, string>> {
  const simulate = settingsOf('simulate', hyperparameters);
  const ppo = settingsOf('ppo', hyperparameters);
  const select = settingsOf('select', hyperparameters);
  const generate = settingsOf('generate', hyperparameters);
  const frontier = settingsOf('frontier', hyperparameters);
  const trajectory = settingsOf('trajectory', hyperparameters);
  const { epochs } = settingsOf('train-preference-model', hyperparameters);
  const limit = (count: number | null) => (count === null ? 'all prompts' : `${count} prompts`);
  const policies = ppo.klCoefficients.length;
  const test = `${limit(generate.promptLimit)}, ${generate.maximumNewTokens} tokens`;
  return {
    simulate: `${limit(simulate.promptLimit)} x ${simulate.pairsPerPrompt}, ${simulate.maximumNewTokens} tokens`,
    'train-preference-model': epochs === 1 ? 'once' : `${epochs} times`,
    ppo: `${policies} x ${Math.max(...ppo.steps)} steps of ${ppo.rollouts}, ${ppo.maximumNewTokens} tokens`,
    trajectory: `${policies * ppo.steps.length} of PPO, ${limit(trajectory.promptLimit)}, ${trajectory.maximumNewTokens} tokens`,
    select: `${policies * ppo.steps.length} of PPO, ${limit(select.promptLimit)}`,
    generate: test,
    'generate-base': test,
    frontier: `${frontier.strengths.length} strengths, ${limit(frontier.promptLimit)}, ${frontier.maximumNewTokens} tokens`,
  };
}
