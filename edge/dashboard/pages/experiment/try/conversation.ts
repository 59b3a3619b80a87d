/** A conversation with the base and the aligned model: both hear the same, each remembers its own answers. */
import { onCleanup } from 'solid-js';
import { createStore } from 'solid-js/store';
import type { Client } from '../../../../../shared/api/client.ts';
import type { PromptForm } from '../../../../../shared/principles/principle.ts';
import { answerTo, questionOf, type Settings, type Turn } from './ask.ts';
import type { SaidToken } from './said-tokens.ts';

export const SIDES = ['base', 'aligned'] as const;
export type Side = (typeof SIDES)[number];

interface Answer {
  text: string;
  tokens: readonly SaidToken[];
  isWriting: boolean;
  problem: unknown;
}

export interface Round {
  asked: string;
  answers: Record<Side, Answer>;
}

interface ConversationOptions {
  readonly client: Client;
  /** As the API names them. */
  readonly models: Readonly<Record<Side, string>>;
  readonly form: PromptForm;
}

const nothingYet = (): Answer => ({ text: '', tokens: [], isWriting: true, problem: undefined });

export function createConversation(options: ConversationOptions) {
  const [state, setState] = createStore<{ rounds: Round[]; isWriting: boolean }>({
    rounds: [],
    isWriting: false,
  });
  let stopping = new AbortController();
  onCleanup(() => stopping.abort());

  /** What a side has heard and said, up to the newest question. */
  function turnsOf(side: Side): Turn[] {
    return state.rounds.flatMap(({ asked, answers }, index): Turn[] => [
      { role: 'user', text: asked },
      ...(index < state.rounds.length - 1 ? [{ role: 'assistant' as const, text: answers[side].text }] : []),
    ]);
  }

  async function answer(side: Side, settings: Settings, signal: AbortSignal): Promise<void> {
    const at = state.rounds.length - 1;
    const change = (part: Partial<Answer>) => setState('rounds', at, 'answers', side, part);
    try {
      const question = questionOf(options.form, options.models[side], turnsOf(side), settings);
      let text = '';
      const tokens: SaidToken[] = [];
      for await (const part of answerTo(options.client, question, signal)) {
        text += part.text;
        tokens.push(...part.tokens);
        change({ text, tokens: [...tokens] });
      }
    } catch (problem) {
      if (!signal.aborted) change({ problem });
    } finally {
      change({ isWriting: false });
    }
  }

  return {
    rounds: () => state.rounds,
    isWriting: () => state.isWriting,
    /** Asks both at once; resolves when both have answered or failed. */
    async ask(asked: string, settings: Settings): Promise<void> {
      stopping = new AbortController();
      const { signal } = stopping;
      setState('rounds', state.rounds.length, {
        asked,
        answers: { base: nothingYet(), aligned: nothingYet() },
      });
      setState('isWriting', true);
      await Promise.all(SIDES.map((side) => answer(side, settings, signal)));
      setState('isWriting', false);
    },
    /** What was said until now stays. */
    stop: () => stopping.abort(),
    /** Both forget; not while they answer. */
    reset: () => setState({ rounds: [] }),
  };
}
