/** Conversations as files write them: OpenAI's {role, content}, ShareGPT's {from, value}. */
import { LeftOut } from './left-out.ts';
import { RowError } from './row-error.ts';
import type { Turn } from './turn.ts';

const ROLES: Readonly<Record<string, Turn['role'] | 'tool'>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  tool: 'tool',
  function: 'tool',
  function_call: 'tool',
  observation: 'tool',
};

/**
 * @param column for the error
 * @throws RowError naming column and turn; LeftOut where a turn is no text of the three roles: a tool's, an image
 */
export function readConversation(column: string, value: readonly unknown[]): Turn[] {
  return value.map((message, index) => readTurn(`${column}[${index}]`, message));
}

function readTurn(place: string, message: unknown): Turn {
  if (typeof message !== 'object' || message === null) throw new RowError(`${place} is not a turn`);
  const { role, from, content, value } = message as Partial<Record<string, unknown>>;
  const name = role ?? from;
  const known = typeof name === 'string' ? ROLES[name.toLowerCase()] : undefined;
  if (known === undefined) {
    throw new RowError(
      `${place} has ${name === undefined ? 'no role' : `the role ${JSON.stringify(name)}`}: use system, user or assistant`,
    );
  }
  const text = readContent(place, content === undefined ? value : content);
  if (known === 'tool' || text === null) throw new LeftOut('not-text');
  return { role: known, text };
}

/** A text, or OpenAI's list of parts; null for what is no text, and for an assistant that only calls tools. */
function readContent(place: string, content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (content === null) return null;
  if (!Array.isArray(content)) throw new RowError(`${place} has no text: write it as "content"`);
  const parts = content.map((part: unknown) => {
    const { type, text } = (part ?? {}) as Partial<Record<string, unknown>>;
    return type === 'text' && typeof text === 'string' ? text : null;
  });
  return parts.includes(null) ? null : parts.join('');
}
