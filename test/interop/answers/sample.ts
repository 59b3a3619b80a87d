/** Answers that our engine samples from a chat model in 8 bits with an adapter on it. */
import { openCpuBackend } from '../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { type Sequence, sequenceOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { Sampler } from '../../../gpu-runner/llama/sampler/sampler.ts';
import { loadChatTemplate } from '../../../gpu-runner/llama/tokenizer/chat-template.ts';
import type { ImportedModel } from '../../../gpu-runner/llama/weights/import-model.ts';
import { UserError } from '../../../shared/user-error.ts';
import { rowTokens } from '../../gpu-runner/llama/sampler/small-model.ts';
import { type MadeUpAdapter, THREADS } from '../adapted.ts';
import { questions } from '../gguf/conversations.ts';

const ANSWERS = 50;
const NEW_TOKENS = 32;
const SEED = 50;

/** Five to each question. @throws UserError for a model without a chat template */
export async function sampleAnswers(
  { base }: ImportedModel,
  { layout, vector }: MadeUpAdapter,
): Promise<Sequence<Int32Array>[]> {
  const template = await loadChatTemplate(base.folder);
  if (template === null) {
    throw new UserError('The model has no chat template, and answers nothing', { cure: 'Name a chat model' });
  }
  const asked = questions.map((content) =>
    template.encode([{ role: 'user', content }], { generationPrompt: true }),
  );
  const prompts = Array.from({ length: ANSWERS }, (_, row) => asked[row % asked.length] ?? new Int32Array());
  const sampler = await Sampler.open({
    backend: await openCpuBackend(base),
    adapters: { layout, groups: 1 },
    maximumPositions: Math.max(...prompts.map(({ length }) => length)) + NEW_TOKENS,
    rows: ANSWERS,
    session: { threads: THREADS },
  });
  const request = { prompts, maximumNewTokens: NEW_TOKENS, seed: SEED, rowIds: prompts.map((_, row) => row) };
  const rollout = await sampler.sample(request, vector);
  await sampler.close();
  return prompts.map((prompt, row) => sequenceOf(prompt, rowTokens(rollout, row)));
}
