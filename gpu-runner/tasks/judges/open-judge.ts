/** Opens a judge by what the task says of it. */
import { sentiment } from '../../../shared/judges/sentiment-judge.ts';
import { judgeName, type TaskJudge } from '../../../shared/api/tasks/judge.ts';
import { chatJudge } from '../../algorithms/judge/chat-judge.ts';
import { scoringJudge, type PairJudge } from '../../algorithms/judge/pair-judge.ts';
import { inputAdapter } from '../adapter-artifact.ts';
import { requireAllowedPlace } from '../model-sources.ts';
import type { TaskContext } from '../task-context.ts';
import { chatEndpoint, judgeEndpoint } from './chat-endpoint.ts';
import { classifierJudge } from './classifier.ts';
import { openLikelihoodJudge } from './likelihood-judge.ts';
import { preferenceJudge } from './preference-judge.ts';

/** So fast that all pairs go at once. */
const LEXICON_BATCH = 100_000;

/**
 * @param responseOpening what stands before every response that is judged; empty for nothing
 * @throws TaskInputError if this runner cannot open it
 */
export async function openJudge(
  context: Pick<TaskContext<'judge' | 'examine' | 'frontier' | 'trajectory'>, 'task' | 'model' | 'artifacts'>,
  judge: TaskJudge,
  responseOpening: string,
): Promise<PairJudge> {
  const { task, model } = context;
  const { promptForm } = task.parameters;
  const name = judgeName(judge);
  if (judge === 'sentiment') {
    return scoringJudge(name, LEXICON_BATCH, async (responses) =>
      responses.map(({ response }) => sentiment(response)),
    );
  }
  if (judge.kind === 'classifier') {
    await requireAllowedPlace(judge.folder);
    return await classifierJudge(name, judge.folder, judge.label);
  }
  if (judge.kind === 'endpoint') {
    const ask = chatEndpoint(judgeEndpoint(judge.url, process.env));
    return chatJudge(name, judge, { responseOpening, seed: task.seed, ask });
  }
  if (judge.kind === 'likelihood') {
    return await openLikelihoodJudge(name, judge, model, { promptForm, responseOpening });
  }
  const preferenceModel = await inputAdapter(context, `judge-${judge.artifact.sha256}`);
  return await preferenceJudge(name, model, preferenceModel, promptForm);
}
