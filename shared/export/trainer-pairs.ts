/**
 * Preference pairs as trainers for many cards read them, one JSON object a line: TRL's preference datasets, OpenRLHF's
 * reward datasets, LLaMA-Factory's ranking datasets. Dialogues become messages, so that the model's own template is used;
 * stories stay text.
 */
import type { PreferencePair } from '../dialogue/preference-pair.ts';
import { SYSTEM_LABEL, withoutGuards } from '../dialogue/turn-text.ts';

export const TRAINER_FORMS = ['trl', 'openrlhf', 'llama-factory'] as const;
export type TrainerForm = (typeof TRAINER_FORMS)[number];

/** The file of the pairs in a folder that leaves, and its name among LLaMA-Factory's data sets. */
export const PAIRS_FILE = 'pairs.jsonl';
const DATASET = 'rlcd';

type Role = 'system' | 'user' | 'assistant';

interface Message {
  readonly role: Role;
  readonly content: string;
}

/** A dialogue's turns up to the last label, and the beginning that every response of it has. */
interface Conversation {
  readonly messages: readonly Message[];
  readonly opening: string;
}

const LABEL = new RegExp(String.raw`(?:^|\n\n)(Human|Assistant|${SYSTEM_LABEL}):`, 'g');
const ROLES: Readonly<Record<string, Role>> = { Human: 'user', Assistant: 'assistant' };

/** The turns of an HH prompt; null where it does not end in an assistant's turn, as stories do not. */
export function conversationOf(prompt: string): Conversation | null {
  const labels = [...prompt.matchAll(LABEL)];
  const last = labels.at(-1);
  if (last?.[1] !== 'Assistant') return null;
  const turns = labels.map((label, index): Message => {
    const content = prompt.slice(label.index + label[0].length, labels[index + 1]?.index).trim();
    return { role: ROLES[label[1] ?? ''] ?? 'system', content: withoutGuards(content) };
  });
  const before = prompt.slice(0, labels[0]?.index).trim();
  const messages: Message[] = before === '' ? [] : [{ role: 'system', content: before }];
  for (const { role, content } of turns.slice(0, -1)) {
    const previous = messages.at(-1);
    // Templates take turns by turns only: what one side says in a row is one turn.
    if (previous?.role === role) {
      messages.splice(-1, 1, { role, content: `${previous.content}\n\n${content}`.trim() });
    } else messages.push({ role, content });
  }
  return { messages, opening: turns.at(-1)?.content ?? '' };
}

const FROM: Readonly<Record<Role, string>> = { system: 'system', user: 'human', assistant: 'gpt' };

/** One pair as a line's value. */
function trainerPair(form: TrainerForm, { prompt, chosen, rejected }: PreferencePair): object {
  const conversation = conversationOf(prompt);
  if (conversation === null) {
    if (form === 'llama-factory') {
      return { instruction: prompt, input: '', chosen: chosen.trim(), rejected: rejected.trim() };
    }
    return { prompt, chosen: ` ${chosen.trim()}`, rejected: ` ${rejected.trim()}` };
  }
  const { messages, opening } = conversation;
  const said = (response: string): Message => ({
    role: 'assistant',
    content: opening === '' ? response.trim() : `${opening} ${response.trim()}`,
  });
  if (form === 'llama-factory') {
    const turn = ({ role, content }: Message) => ({ from: FROM[role], value: content });
    return { conversations: messages.map(turn), chosen: turn(said(chosen)), rejected: turn(said(rejected)) };
  }
  return { prompt: messages, chosen: [said(chosen)], rejected: [said(rejected)] };
}

/** Each line ends with a newline. */
export function formatTrainerPairs(form: TrainerForm, pairs: readonly PreferencePair[]): string {
  return pairs.map((pair) => `${JSON.stringify(trainerPair(form, pair))}\n`).join('');
}

/** LLaMA-Factory's description of the file, which stands beside it. @param conversational whether pairs are messages */
export function datasetInfo(conversational: boolean): object {
  const answers = { chosen: 'chosen', rejected: 'rejected' };
  const described = conversational
    ? { formatting: 'sharegpt', columns: { messages: 'conversations', ...answers } }
    : { columns: { prompt: 'instruction', query: 'input', ...answers } };
  return { [DATASET]: { file_name: PAIRS_FILE, ranking: true, ...described } };
}

/** The command that trains by DPO on a folder of pairs; MODEL and TEMPLATE are the reader's to name. */
export function trainerCommand(form: TrainerForm, folder: string, conversational: boolean): string {
  const commands: Readonly<Record<TrainerForm, readonly string[]>> = {
    trl: ['trl dpo --model_name_or_path MODEL', `--dataset_name ${folder}`, '--output_dir aligned'],
    openrlhf: [
      'deepspeed --module openrlhf.cli.train_dpo --model.model_name_or_path MODEL',
      `--data.dataset ${folder}/${PAIRS_FILE}`,
      '--data.prompt_key prompt --data.chosen_key chosen --data.rejected_key rejected',
      ...(conversational ? ['--data.apply_chat_template'] : []),
      '--ckpt.output_dir aligned',
    ],
    'llama-factory': [
      'llamafactory-cli train --stage dpo --do_train true --model_name_or_path MODEL',
      `--dataset_dir ${folder} --dataset ${DATASET} --template TEMPLATE`,
      '--finetuning_type lora --output_dir aligned',
    ],
  };
  return commands[form].join(' ');
}
