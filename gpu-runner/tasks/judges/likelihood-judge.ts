/** The task's base model, without an adapter, as a judge by likelihood. */
import type { LikelihoodJudge } from '../../../shared/api/tasks/judge.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { likelihoodJudge } from '../../algorithms/judge/likelihood-judge.ts';
import type { PairJudge } from '../../algorithms/judge/pair-judge.ts';
import { choiceAnswers } from '../../algorithms/label/choice-answers.ts';
import { ReferenceModel } from '../../algorithms/reference-model.ts';
import type { Model } from '../../llama/weights/model.ts';

/** @throws AlgorithmInputError if the tokenizer has no single token for A or B */
export async function openLikelihoodJudge(
  name: string,
  judge: LikelihoodJudge,
  model: Model,
  { promptForm, responseOpening }: { readonly promptForm: PromptForm; readonly responseOpening: string },
): Promise<PairJudge> {
  const contextLength = model.architecture.maximumPositions;
  const { scoreRows } = batchSizes(model);
  // Opened for the first question: a model that cannot say the letters is refused before.
  let reference: ReferenceModel | undefined;
  const answer = choiceAnswers({
    tokenizer: model.tokenizer,
    promptForm,
    contextLength,
    nextLogits: async (texts, signal) => {
      reference ??= await ReferenceModel.open(model, {
        scoring: 'logits',
        maximumTime: contextLength,
        microbatchRows: scoreRows,
      });
      return await reference.nextLogits(texts, signal);
    },
  });
  return likelihoodJudge(name, judge, {
    responseOpening,
    pairsAtOnce: Math.max(1, Math.floor(scoreRows / 2)),
    answer,
    close: async () => await reference?.close(),
  });
}
