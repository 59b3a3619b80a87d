/** A trained preference model as judge, such as one of human pairs: its score of a response is the response's score. */
import { filterResponse } from '../../../shared/dialogue/filter-response.ts';
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { AlgorithmInputError } from '../../algorithms/algorithm-error.ts';
import { continuationTokens } from '../../algorithms/continuation-tokens.ts';
import { scoringJudge, type PairJudge } from '../../algorithms/judge/pair-judge.ts';
import { PreferenceModel } from '../../algorithms/preference-model/preference-model.ts';
import type { Model } from '../../llama/weights/model.ts';
import type { AdapterVector } from '../adapter-artifact.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';

/** Opens the preference model, an adapter with a head on `model`. */
export async function preferenceJudge(
  name: string,
  model: Model,
  preferenceModel: AdapterVector,
  form: PromptForm,
): Promise<PairJudge> {
  const maximumTime = model.architecture.maximumPositions;
  const { scoreRows } = batchSizes(model);
  const preferences = await PreferenceModel.open(model, {
    ...preferenceModel,
    maximumTime,
    microbatchRows: scoreRows,
  });
  return scoringJudge(
    name,
    scoreRows,
    (responses, signal) =>
      preferences.score(
        responses.map(({ prompt, response, ended }) =>
          textTokens(model, form, prompt, ended ? response : wholeSentences(form, response)).slice(
            -maximumTime,
          ),
        ),
        signal,
      ),
    () => preferences.close(),
  );
}

/**
 * What is judged of an answer that ran to its limit: in a chat its whole sentences, as pairs were cut, where it has one. Else
 * a system would win by ending early.
 */
function wholeSentences(form: PromptForm, response: string): string {
  if (form !== 'chat') return response;
  const kept = filterResponse(form, response);
  return kept.accepted ? kept.response : response;
}

/**
 * Prompt and response as the preference model was trained to read them. A response that the tokenizer cannot say
 * exactly (a sampled byte that is no character) is read as the tokenizer reads the whole text.
 */
function textTokens({ tokenizer }: Model, form: PromptForm, prompt: string, response: string): Int32Array {
  const promptTokens = tokenizer.encodePrompt(prompt);
  const text = preferenceText(form, '', response);
  if (text.trim() === '') return promptTokens;
  try {
    return Int32Array.of(...promptTokens, ...continuationTokens(tokenizer, promptTokens, text));
  } catch (error) {
    if (!(error instanceof AlgorithmInputError)) throw error;
    return tokenizer.encodePrompt(prompt + text);
  }
}
