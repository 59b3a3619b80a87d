/** Answers in OpenAI's form: whole, and in chunks as server-sent events. */
import type { Delta, SpokenToken, Usage } from './sampling-calls.ts';

/** Which of the two operations is answered. */
export type Operation = 'chat' | 'text';

/** What every part of an answer says of it. */
export interface Heading {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const utf8 = new TextEncoder();

function logprobs(operation: Operation, tokens: readonly SpokenToken[], offset: number) {
  if (operation === 'chat') {
    const content = tokens.map(({ text, logProbability }) => ({
      token: text,
      logprob: logProbability,
      bytes: [...utf8.encode(text)],
      top_logprobs: [],
    }));
    return { content, refusal: null };
  }
  let place = offset;
  const offsets = tokens.map(({ text }) => {
    place += text.length;
    return place - text.length;
  });
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logProbability }) => logProbability),
    top_logprobs: null,
    text_offset: offsets,
  };
}

function usageOf({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** The choices of an answer, put together from what came. */
export class Choices {
  readonly #choices: { text: string; tokens: SpokenToken[]; finish: Delta['finish'] }[];

  constructor(count: number) {
    this.#choices = Array.from({ length: count }, () => ({ text: '', tokens: [], finish: null }));
  }

  take(deltas: readonly Delta[]): void {
    for (const { choice, text, tokens, finish } of deltas) {
      const own = this.#choices[choice];
      if (own === undefined) continue;
      own.text += text;
      own.tokens.push(...tokens);
      own.finish = finish;
    }
  }

  /** The whole answer. */
  answer(operation: Operation, heading: Heading, usage: Usage, withLogprobs: boolean) {
    return {
      ...heading,
      object: operation === 'chat' ? 'chat.completion' : 'text_completion',
      choices: this.#choices.map(({ text, tokens, finish }, index) => ({
        index,
        ...(operation === 'chat'
          ? { message: { role: 'assistant', content: text, refusal: null } }
          : { text }),
        logprobs: withLogprobs ? logprobs(operation, tokens, 0) : null,
        finish_reason: finish,
      })),
      usage: usageOf(usage),
    };
  }
}

/** The chunks of a streamed answer. */
export class Chunks {
  readonly #operation: Operation;
  readonly #heading: Heading;
  readonly #withLogprobs: boolean;
  readonly #withUsage: boolean;
  /** Characters told of each choice. */
  readonly #told: number[];

  constructor(
    operation: Operation,
    heading: Heading,
    count: number,
    { withLogprobs, withUsage }: { readonly withLogprobs: boolean; readonly withUsage: boolean },
  ) {
    this.#operation = operation;
    this.#heading = heading;
    this.#withLogprobs = withLogprobs;
    this.#withUsage = withUsage;
    this.#told = Array.from({ length: count }, () => 0);
  }

  /** Who speaks, before anything is said; a completion of text has none. */
  first(): object[] {
    if (this.#operation === 'text') return [];
    return this.#told.map((_, index) =>
      this.#chunk([
        { index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null },
      ]),
    );
  }

  of({ choice: index, text, tokens, finish }: Delta): object[] {
    if (text === '' && tokens.length === 0 && finish === null) return [];
    const offset = this.#told[index] ?? 0;
    this.#told[index] = offset + text.length;
    const said = {
      index,
      logprobs: this.#withLogprobs ? logprobs(this.#operation, tokens, offset) : null,
    };
    if (this.#operation === 'text') return [this.#chunk([{ ...said, text, finish_reason: finish }])];
    const spoken = { ...said, delta: { content: text }, finish_reason: null };
    const ended = { index, delta: {}, logprobs: null, finish_reason: finish };
    return [
      ...(text === '' && tokens.length === 0 ? [] : [this.#chunk([spoken])]),
      ...(finish === null ? [] : [this.#chunk([ended])]),
    ];
  }

  last(usage: Usage): object[] {
    return this.#withUsage ? [{ ...this.#chunk([]), usage: usageOf(usage) }] : [];
  }

  #chunk(choices: readonly object[]): object {
    return {
      ...this.#heading,
      object: this.#operation === 'chat' ? 'chat.completion.chunk' : 'text_completion',
      choices,
      ...(this.#withUsage ? { usage: null } : {}),
    };
  }
}
