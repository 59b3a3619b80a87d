/** In which form a model is asked. */
import type { PrincipleForm, PromptForm } from '../principles/principle.ts';

/** What of a model says which forms it knows. */
export interface AskedModel {
  readonly name: string;
  /** What a runner told of it when it was registered. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
  /** Where a server elsewhere runs it. */
  readonly served?: { readonly protocol: 'completions' | 'chat' } | null | undefined;
}

/** The forms in which a model can be asked what a principle is about, the usual one first. */
function formsOf(
  form: PrincipleForm,
  { configuration, served }: Pick<AskedModel, 'configuration' | 'served'>,
): PromptForm[] {
  const isChatServer = served?.protocol === 'chat';
  if (form === 'prefix') return isChatServer ? [] : ['prefix'];
  if (isChatServer) return ['chat'];
  return configuration?.['chatTemplate'] === true ? ['chat', 'dialogue'] : ['dialogue'];
}

/**
 * Dialogues are said through the chat template of a model that has one, in messages to a server that takes nothing else, and
 * as text to any other.
 *
 * @param asked by the experiment, over what model and principle say; undefined where it leaves it to them
 */
export function promptFormOf(
  form: PrincipleForm,
  model: Pick<AskedModel, 'configuration' | 'served'>,
  asked: PromptForm | undefined,
): PromptForm {
  return asked ?? formsOf(form, model)[0] ?? form;
}

/** Why a model cannot be asked so, with what to do about it; null where it can. */
export function faultOfForm(
  form: PrincipleForm,
  model: AskedModel,
  asked: PromptForm | undefined,
): string | null {
  const forms = formsOf(form, model);
  const { name } = model;
  if (forms.length === 0) {
    return (
      `${name} is asked by chat messages alone, and a principle of the form prefix wants a text to be gone on with; ` +
      'register it with the protocol completions where its server has that, or take a principle of the form dialogue'
    );
  }
  if (asked === undefined || forms.includes(asked)) return null;
  if (form === 'prefix') {
    return `the principle's affixes stand in front of a text (prefix) and are no part of a ${asked}; leave it out, or take a principle of the form dialogue`;
  }
  if (asked === 'prefix') {
    return "the principle's affixes belong to the assistant of a dialogue and stand in front of no text; leave it out, or add a version of the form prefix";
  }
  if (asked === 'chat') {
    return model.served
      ? `${name} is asked by texts; leave it out, or register it with the protocol chat where its server answers messages`
      : `${name} has no chat template; leave it out, or register a model that brings its own (chat_template.jinja, tokenizer_config.json or a GGUF file)`;
  }
  return `${name} is asked by chat messages alone; leave it out, or register it with the protocol completions where its server has that`;
}
