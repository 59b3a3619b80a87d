/** Responses at the fixed prompts, so that a reader sees a run change. */
import type { Sample } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import type { PpoRun } from './open-run.ts';
import type { PpoState } from './ppo-state.ts';
import { sampleAndScore } from './score-rollouts.ts';

/** Reports responses of every policy to the first prompts, always by the same random streams. */
export async function showSamples(run: PpoRun, state: PpoState, step: number): Promise<void> {
  const { input, settings, engine, trainer, hooks } = run;
  const shown = input.prompts.slice(0, settings.samplePrompts);
  if (shown.length === 0) return;
  const requests = shown.map(({ tokens }, row) => ({
    promptTokens: tokens,
    stream: streamOf('sample-prompts', row),
  }));
  const vectors = trainer.state.parameters.slice(0, trainer.state.parameters.length / 2);
  const indices = shown.map((_, row) => row);
  const groups = await sampleAndScore(
    engine,
    vectors,
    state.policies.length,
    requests,
    indices,
    hooks.signal,
  );
  const samples = groups.flatMap((group, policy) =>
    group.map(({ prompt, response, score, generation }): Sample => {
      let kl = 0;
      generation.logProbabilities.forEach((value, token) => {
        kl += value - (generation.referenceLogProbabilities[token] ?? Number.NaN);
      });
      const klCoefficient = state.policies[policy]?.klCoefficient ?? Number.NaN;
      const { id = '', text = '' } = shown[prompt] ?? {};
      return { promptId: id, prompt: text, response: response.text, score, detail: { kl, klCoefficient } };
    }),
  );
  hooks.samples(step, samples);
}
