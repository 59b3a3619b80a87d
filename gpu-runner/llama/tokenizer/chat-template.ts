/** A model's own chat template: messages to the text and to the token ids that the model was trained on. */
import path from 'node:path';
import { readFile } from 'node:fs/promises';
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import { checkedBy, exists, readJsonFile, sizeOfFile } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { messageOf } from '../../../shared/caught.ts';
import { UserError } from '../../../shared/user-error.ts';
import type { LabelledTurn, OpenTurn } from '../../../shared/dialogue/labelled-turns.ts';
import { randomMark, TemplateSpecials } from './template-specials.ts';
import { CHAT_TEMPLATE_FILE, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from './companions.ts';

const MAXIMUM_TEMPLATE_BYTES = 1024 * 1024;
const MAXIMUM_BYTES = 128 * 1024 * 1024;
const cure = "Put the model's own chat_template.jinja and tokenizer_config.json into its folder";

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** The template takes no such conversation; the message is the template's own where it says why. */
export class ChatTemplateError extends UserError {
  override readonly name = 'ChatTemplateError';
  override readonly code = 'bad-chat';
}

const specialToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish();
const configSchema = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
  bos_token: specialToken,
  eos_token: specialToken,
  unk_token: specialToken,
  pad_token: specialToken,
  sep_token: specialToken,
  cls_token: specialToken,
  mask_token: specialToken,
});
type Config = z.output<typeof configSchema>;

/** The special tokens by the names under which a template knows them. */
function namedSpecials(config: Config): Record<string, string> {
  const { bos_token, eos_token, unk_token, pad_token, sep_token, cls_token, mask_token } = config;
  const all = { bos_token, eos_token, unk_token, pad_token, sep_token, cls_token, mask_token };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** A compiled template with the tokenizer that it belongs to. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #named: Readonly<Record<string, string>>;
  readonly #specials: TemplateSpecials;

  /** Use {@link loadChatTemplate}. */
  constructor(template: Template, named: Readonly<Record<string, string>>, specials: TemplateSpecials) {
    this.#template = template;
    this.#named = named;
    this.#specials = specials;
  }

  /**
   * The conversation as text, the same as transformers' `apply_chat_template`.
   *
   * @param options `generationPrompt`: whether it ends with the beginning of an assistant's answer
   * @throws ChatTemplateError where the template refuses the conversation
   */
  render(messages: readonly ChatMessage[], options: { readonly generationPrompt: boolean }): string {
    try {
      return this.#template.render({
        ...this.#named,
        // A template may change what it is given.
        messages: messages.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: options.generationPrompt,
        tools: null,
        documents: null,
      });
    } catch (error) {
      throw new ChatTemplateError(
        `the model's chat template refuses these messages: ${messageOf(error).slice(0, 300).replace(/\.$/, '')}`,
        {
          cure: 'Most templates take a system turn first, if any, and then user and assistant turns by turns',
          cause: error,
        },
      );
    }
  }

  /**
   * Token ids of the conversation. Special tokens come from the template alone: the same characters inside a message stay
   * text.
   *
   * @throws ChatTemplateError as {@link render}
   */
  encode(messages: readonly ChatMessage[], options: { readonly generationPrompt: boolean }): Int32Array {
    const guard = this.#specials.guardFor(messages.map(({ content }) => content));
    const guarded = messages.map(({ role, content }) => ({ role, content: guard.protect(content) }));
    return this.#specials.encode(this.render(guarded, options), guard);
  }

  /**
   * Token ids of a conversation whose assistant's turns carry labels, with the next turn open: the label stands behind the
   * word with which the template begins an assistant's turn, or, where it has none, at the beginning of what is said. Without
   * labels and opening they are the ids of {@link encode}.
   *
   * @throws ChatTemplateError as {@link render}, and where the template does not keep the messages in their order
   */
  encodeLabelled(turns: readonly LabelledTurn[], open: OpenTurn): Int32Array {
    const guard = this.#specials.guardFor(turns.flatMap(({ text, label }) => [text, label]));
    // The template sees marks in the place of what was said, so that the places of all turns are known.
    const marks = turns.map(() => randomMark());
    let rest = this.render(
      turns.map(({ role }, index) => ({ role, content: marks[index] ?? '' })),
      { generationPrompt: true },
    );
    let text = '';
    for (const [index, turn] of turns.entries()) {
      const [before, after, ...more] = rest.split(marks[index] ?? '');
      if (before === undefined || after === undefined || more.length > 0) {
        throw new ChatTemplateError("the model's chat template leaves out or repeats a message", {
          cure: 'Open a copy of the model without its chat template, which speaks dialogues as text',
        });
      }
      text += withLabel(before, guard.protect(turn.label)) + guard.protect(turn.text);
      rest = after;
    }
    text += withLabel(rest, guard.protect(open.label)) + guard.protect(open.opening);
    return this.#specials.encode(text, guard);
  }

  /** The special token with which the template ends what an assistant says; undefined where it ends it by none. */
  get endOfTurn(): number | undefined {
    const mark = randomMark();
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: mark },
    ] as const;
    const [, after = ''] = this.render(messages, { generationPrompt: false }).split(mark);
    return this.#specials.firstOf(after);
  }
}

/** What a template writes before an assistant's turn, with a label behind the role, or behind everything. */
function withLabel(before: string, label: string): string {
  if (label === '') return before;
  const role = [...before.matchAll(/assistant|model/gi)].at(-1);
  if (role === undefined) return `${before} ${label}:`;
  const end = role.index + role[0].length;
  return `${before.slice(0, end)} ${label}${before.slice(end)}`;
}

/**
 * Loads the chat template of a folder: chat_template.jinja, or what tokenizer_config.json says under `chat_template` (of
 * several the one named `default`). Null where the model has none.
 *
 * @throws ModelFileError if it cannot be read as a template
 */
export async function loadChatTemplate(folder: string): Promise<ChatTemplate | null> {
  const configFile = path.join(folder, TOKENIZER_CONFIG_FILE);
  const hasConfig = await exists(configFile);
  const config = checkedBy(
    configSchema,
    hasConfig ? await readJsonFile(configFile, MAXIMUM_BYTES, cure) : {},
    configFile,
    cure,
  );
  const found = await templateText(folder, config);
  if (found === null) return null;
  let template: Template;
  try {
    template = new Template(found.text);
  } catch (error) {
    throw new ModelFileError(found.file, null, `is no template (${messageOf(error).slice(0, 200)})`, cure, {
      cause: error,
    });
  }
  const tokenizerFile = path.join(folder, TOKENIZER_FILE);
  const json = await readJsonFile(tokenizerFile, MAXIMUM_BYTES, cure);
  return new ChatTemplate(template, namedSpecials(config), new TemplateSpecials(json, tokenizerFile));
}

async function templateText(
  folder: string,
  { chat_template: told }: Config,
): Promise<{ readonly text: string; readonly file: string } | null> {
  const file = path.join(folder, CHAT_TEMPLATE_FILE);
  if (await exists(file)) {
    const bytes = await sizeOfFile(file, cure);
    if (bytes > MAXIMUM_TEMPLATE_BYTES)
      throw new ModelFileError(file, null, `has ${bytes} bytes, too many for a template`, cure);
    return { text: await readFile(file, 'utf8'), file };
  }
  const text = typeof told === 'string' ? told : told?.find(({ name }) => name === 'default')?.template;
  return text === undefined ? null : { text, file: path.join(folder, TOKENIZER_CONFIG_FILE) };
}
