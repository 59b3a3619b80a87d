/** The ends of rows against what they promise: a row ends with the first token by which its text holds a stop text. */
import { array, assert, constantFrom, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EndAutomaton,
  endTokensAutomaton,
  textAutomaton,
} from '../../../../gpu-runner/llama/sampler/end-automaton.ts';

/** How many of the tokens a row has when it ends; null where it does not. */
function endOf({ states, next }: EndAutomaton, vocabulary: number, tokens: readonly number[]): number | null {
  let state = 0;
  for (const [index, token] of tokens.entries()) {
    state = next[state * vocabulary + token] ?? -1;
    if (state === states - 1) return index + 1;
  }
  return null;
}

/** The same, by looking at the text anew after each token. */
function searched(
  stops: readonly string[],
  texts: readonly string[],
  tokens: readonly number[],
): number | null {
  const found = tokens.findIndex((_, index) => {
    const text = tokens
      .slice(0, index + 1)
      .map((token) => texts[token] ?? '')
      .join('');
    return stops.some((stop) => text.includes(stop));
  });
  return found < 0 ? null : found + 1;
}

// Few characters, so that stop texts overlap themselves, each other and the tokens' borders; one takes two code units.
const text = (size: { minLength?: number; maxLength: number }) =>
  array(constantFrom('a', 'b', '\n', '🙂'), size).map((characters) => characters.join(''));

describe('a stop text', () => {
  it('ends a row with the first token by which the text holds it, however it is cut into tokens', () => {
    assert(
      property(
        array(text({ minLength: 1, maxLength: 5 }), { maxLength: 4 }),
        array(text({ maxLength: 6 }), { minLength: 1, maxLength: 12 }),
        array(nat(), { maxLength: 40 }),
        (stops, texts, numbers) => {
          const tokens = numbers.map((number) => number % texts.length);
          const automaton = textAutomaton(stops, texts, [], texts.length);
          expect(endOf(automaton, texts.length, tokens)).toBe(searched(stops, texts, tokens));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('is seen where a tokenizer would write it with other tokens', () => {
    const texts = ['\n\n', 'Human', ':', '\n', '\nHu', 'man: no', ' \n\nHuman:', '<end>', 'ok'];
    const ends = textAutomaton(['\n\nHuman:'], texts, [], texts.length);
    for (const [tokens, length] of [
      [[8, 0, 1, 2, 8], 4],
      [[8, 3, 4, 5, 8], 4],
      [[8, 6, 8], 2],
      [[3, 0, 1, 2], 4],
      [[0, 1, 8, 2], null],
    ] as const) {
      expect(endOf(ends, texts.length, tokens), tokens.join()).toBe(length);
    }
  });

  it('is refused where it is empty or too long for the states', () => {
    expect(() => textAutomaton([''], ['a'], [], 1)).toThrow(/empty/);
    expect(() => textAutomaton(['a'.repeat(256)], ['a'], [], 1)).toThrow(/255 characters/);
    expect(textAutomaton(['a'.repeat(255)], ['a'], [], 1).states).toBe(256);
  });
});

it('an end token ends a row in every state, and nothing else does', () => {
  expect(endOf(endTokensAutomaton([2, 4], 5), 5, [0, 1, 3, 0, 4, 1])).toBe(5);
  expect(endOf(endTokensAutomaton([], 5), 5, [0, 1, 2, 3, 4])).toBeNull();
  const texts = ['x', 'stop', '', 'st', 'op'];
  const ends = textAutomaton(['stop'], texts, [2], 5);
  expect([endOf(ends, 5, [0, 3, 2]), endOf(ends, 5, [0, 3, 4]), endOf(ends, 5, [3, 0, 4])]).toEqual([
    3,
    3,
    null,
  ]);
});
