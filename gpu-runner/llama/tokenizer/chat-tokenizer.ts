/** The tokenizer of a chat model under the texts of dialogues: turns are said as the model's own template says them. */
import { labelledTurns } from '../../../shared/dialogue/labelled-turns.ts';
import { NEXT_TURN } from '../../../shared/dialogue/terminal-text.ts';
import type { ChatTemplate } from './chat-template.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * A prompt `Human: ... Assistant:` becomes the tokens of its turns in the template, with affixes in the assistant's label, and
 * the next turn's label `\n\nHuman:` behind a response the token that ends a turn; decoded, that token reads as the label
 * again. So whatever speaks dialogues as text speaks them to a chat model.
 */
export class ChatTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly bosToken: number | null;
  readonly eosTokens: readonly number[];
  readonly padToken: number;
  readonly startsWithBos: boolean;
  readonly #tokenizer: Tokenizer;
  readonly #template: ChatTemplate;
  readonly #endOfTurn: Int32Array;

  constructor(tokenizer: Tokenizer, template: ChatTemplate) {
    const end = template.endOfTurn ?? tokenizer.eosTokens[0];
    this.vocabularySize = tokenizer.vocabularySize;
    this.bosToken = tokenizer.bosToken;
    this.eosTokens = [...new Set([...(end === undefined ? [] : [end]), ...tokenizer.eosTokens])];
    this.padToken = tokenizer.padToken;
    this.startsWithBos = tokenizer.startsWithBos;
    this.#tokenizer = tokenizer;
    this.#template = template;
    this.#endOfTurn = Int32Array.from(end === undefined ? [] : [end]);
  }

  encode(text: string, options?: { readonly bos: boolean }): Int32Array {
    return this.#tokenizer.encode(text, options);
  }

  encodePlain(text: string): Int32Array {
    return this.#tokenizer.encodePlain(text);
  }

  encodePrompt(text: string): Int32Array {
    const { turns, open } = labelledTurns(text);
    return this.#template.encodeLabelled(turns, open);
  }

  encodeContinuation(text: string): Int32Array {
    if (!text.endsWith(NEXT_TURN)) return this.encodePlain(text);
    return Int32Array.of(...this.encodePlain(text.slice(0, -NEXT_TURN.length)), ...this.#endOfTurn);
  }

  decode(ids: ArrayLike<number>): string {
    return this.#tokenizer.decode(ids) + this.#endOf(ids);
  }

  decodeAfter(preceding: ArrayLike<number>, ids: ArrayLike<number>): string {
    return this.#tokenizer.decodeAfter(preceding, ids) + this.#endOf(ids);
  }

  #endOf(ids: ArrayLike<number>): string {
    return this.eosTokens.includes(ids[ids.length - 1] ?? -1) ? NEXT_TURN : '';
  }
}
