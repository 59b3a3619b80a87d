/** Responses at the fixed prompts, so that a reader sees a run change. */
import { MAXIMUM_SAMPLE_TOKENS, roundedNats, type SampleTokens } from '../../../shared/api/sample-tokens.ts';
import type { ResponseReader } from '../response-text.ts';
import type { Sample } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { policyVectors, type PpoRun } from './open-run.ts';
import type { PpoState } from './ppo-state.ts';
import { sampleAndScore, type ScoredResponse } from './score-rollouts.ts';

/** The first tokens of a response with their log-probabilities; none where one is not a number. */
function tokensOf(reader: ResponseReader, rollout: ScoredResponse): SampleTokens | undefined {
  const ends = reader.tokenEnds(rollout.sequence, rollout.response).slice(0, MAXIMUM_SAMPLE_TOKENS);
  const logProbabilities = roundedNats(rollout.logProbabilities, ends.length);
  const referenceLogProbabilities = roundedNats(rollout.referenceLogProbabilities, ends.length);
  const all = [...logProbabilities, ...referenceLogProbabilities];
  if (all.length !== 2 * ends.length || !all.every(Number.isFinite)) return undefined;
  return { ends, logProbabilities, referenceLogProbabilities };
}

/** Reports responses of every policy to the first prompts, always by the same random streams. */
export async function showSamples(run: PpoRun, state: PpoState, step: number): Promise<void> {
  const { input, settings, engine, hooks } = run;
  const shown = input.prompts.slice(0, settings.samplePrompts);
  if (shown.length === 0) return;
  const requests = shown.map(({ tokens }, row) => ({
    prompt: row,
    promptTokens: tokens,
    stream: streamOf('sample-prompts', row),
  }));
  const policies = policyVectors(run);
  const groups = await sampleAndScore(engine, policies, state.policies.length, requests, hooks.signal);
  const samples = groups.flatMap((group, policy) =>
    group.map((rollout): Sample => {
      const { prompt, response, score, referenceLogProbabilities } = rollout;
      let kl = 0;
      rollout.logProbabilities.forEach((value, token) => {
        kl += value - (referenceLogProbabilities[token] ?? Number.NaN);
      });
      const klCoefficient = state.policies[policy]?.klCoefficient ?? Number.NaN;
      const { id = '', text = '' } = shown[prompt] ?? {};
      const tokens = tokensOf(engine.reader, rollout);
      return {
        promptId: id,
        prompt: text,
        response: response.text,
        score,
        detail: { kl, klCoefficient, ...(tokens === undefined ? {} : { tokens }) },
      };
    }),
  );
  hooks.samples(step, samples);
}
