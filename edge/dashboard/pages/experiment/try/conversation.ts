/** A conversation with the base and the aligned model: both hear the same, each remembers its own answers. */
import { onCleanup } from 'solid-js';
import { createStore } from 'solid-js/store';
import type { Client } from '../../../../../shared/api/client.ts';
import type { PromptForm } from '../../../../../shared/principles/principle.ts';
import { answerTo, likelihoodOf, questionOf, type Settings, type Turn } from './ask.ts';
import type { SaidToken } from './said-tokens.ts';

export const SIDES = ['base', 'aligned'] as const;
export type Side = (typeof SIDES)[number];

interface Answer {
  text: string;
  tokens: readonly SaidToken[];
  /** As its own model and the other one read it, at temperature 1; undefined until they were asked. */
  read: Readonly<Record<Side, readonly SaidToken[]>> | undefined;
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

/** Nothing is drawn. */
const NO_SETTINGS: Settings = { temperature: 1, seed: 0, max_tokens: 1 };

const nothingYet = (): Answer => ({
  text: '',
  tokens: [],
  read: undefined,
  isWriting: true,
  problem: undefined,
});

export function createConversation(options: ConversationOptions) {
  const [state, setState] = createStore<{ rounds: Round[]; isWriting: boolean }>({
    rounds: [],
    isWriting: false,
  });
  let stopping = new AbortController();
  const leaving = new AbortController();
  onCleanup(() => {
    stopping.abort();
    leaving.abort();
  });

  /** What a side has heard and said, up to the question of a round. */
  function turnsOf(side: Side, at: number): Turn[] {
    const turns: Turn[] = [];
    for (const [index, { asked, answers }] of state.rounds.slice(0, at + 1).entries()) {
      turns.push({ role: 'user', text: asked });
      if (index < at) turns.push({ role: 'assistant', text: answers[side].text });
    }
    return turns;
  }

  async function answer(side: Side, settings: Settings, signal: AbortSignal): Promise<void> {
    const at = state.rounds.length - 1;
    const change = (part: Partial<Answer>) => setState('rounds', at, 'answers', side, part);
    try {
      const question = questionOf(options.form, options.models[side], turnsOf(side, at), settings);
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

  /** Asks both models how likely they find what a side said to what that side had heard. */
  async function compare(at: number, side: Side): Promise<void> {
    const answer = state.rounds[at]?.answers[side];
    if (!answer || answer.isWriting || answer.text === '' || answer.read !== undefined) return;
    const change = (part: Partial<Answer>) => setState('rounds', at, 'answers', side, part);
    change({ read: { base: [], aligned: [] } });
    try {
      const read = async (reader: Side) => {
        const question = questionOf(options.form, options.models[reader], turnsOf(side, at), NO_SETTINGS);
        return await likelihoodOf(options.client, question, answer.text, leaving.signal);
      };
      const [base, aligned] = await Promise.all([read('base'), read('aligned')]);
      change({ read: { base, aligned } });
    } catch (problem) {
      if (!leaving.signal.aborted) change({ problem });
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
    /** What both models make of all that was said; asked once. */
    compare(): void {
      for (const at of state.rounds.keys()) for (const side of SIDES) void compare(at, side);
    },
    /** What was said until now stays. */
    stop: () => stopping.abort(),
    /** Both forget; not while they answer. */
    reset: () => setState({ rounds: [] }),
  };
}
