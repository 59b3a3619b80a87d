/** A task's model as its form asks for it: in a chat, the tokenizer speaks through the model's template. */
import type { PromptForm } from '../../shared/principles/principle.ts';
import { loadChatTemplate } from '../llama/tokenizer/chat-template.ts';
import { ChatTokenizer } from '../llama/tokenizer/chat-tokenizer.ts';
import type { Model } from '../llama/weights/model.ts';
import { TaskInputError } from './task-context.ts';

/** @throws TaskInputError for a chat with a model that has no template */
export async function inForm(model: Model, form: PromptForm): Promise<Model> {
  if (form !== 'chat') return model;
  const template = await loadChatTemplate(model.base.folder);
  if (template !== null) return { ...model, tokenizer: new ChatTokenizer(model.tokenizer, template) };
  throw new TaskInputError(
    'the base model has no chat template on this machine: register it again (npx rlcd runner --describe-model SOURCE)',
  );
}
