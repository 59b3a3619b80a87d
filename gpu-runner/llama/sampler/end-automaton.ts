/** Where a row ends, as an automaton over tokens: at an end token, or where the text that it says holds a stop text. */

/**
 * States 0 to `states - 1`; a row begins in 0 and ends when it is in the last one, which it never leaves.
 *
 * A stop text ends a row whatever tokens make it up: the automaton reads the text of a token character by character, so
 * that "\n", "\nHu" and "man: no" say "\n\nHuman:" as well as the tokens that a tokenizer makes of it.
 */
export interface EndAutomaton {
  readonly states: number;
  /** [states, vocabulary], row-major: the state after a token. */
  readonly next: Uint8Array;
}

const MOST_STATES = 256;

/** A row's end by its tokens alone. */
export function endTokensAutomaton(endTokens: readonly number[], vocabularySize: number): EndAutomaton {
  return textAutomaton([], [], endTokens, vocabularySize);
}

/**
 * The automaton of Aho and Corasick (1975) over the code units of the stop texts, folded into one step for each token.
 *
 * @param stopTexts none of them empty
 * @param tokenTexts what each token adds to a text; a token without text (a special one) leaves the state as it is
 * @throws RangeError for an empty stop text, or for more characters than 255 in all
 */
export function textAutomaton(
  stopTexts: readonly string[],
  tokenTexts: readonly string[],
  endTokens: readonly number[],
  vocabularySize: number,
): EndAutomaton {
  const steps = characterSteps(stopTexts);
  const states = steps.length + 1;
  const end = steps.length;
  if (states > MOST_STATES) {
    throw new RangeError(
      `the stop texts have more than ${MOST_STATES - 1} characters in all: give fewer or shorter ones`,
    );
  }
  const next = new Uint8Array(states * vocabularySize).fill(end);
  for (let state = 0; state < end; state++) {
    for (let token = 0; token < vocabularySize; token++) {
      let now = state;
      for (const character of (tokenTexts[token] ?? '').split('')) {
        now = steps[now]?.get(character) ?? 0;
        if (now === end) break;
      }
      next[state * vocabularySize + token] = now;
    }
    for (const token of endTokens) next[state * vocabularySize + token] = end;
  }
  return { states, next };
}

/** For each state that is not the end, where a character leads: one that is not named, to 0. Their number is the end. */
function characterSteps(stopTexts: readonly string[]): ReadonlyMap<string, number>[] {
  if (stopTexts.some((text) => text === '')) throw new RangeError('a stop text is empty: leave it out');
  // Prefixes of the stop texts; what holds a whole one further on is never reached.
  const whole = new Set(stopTexts);
  const prefixes = [''];
  for (const text of stopTexts) {
    let prefix = '';
    for (const character of text.split('')) {
      prefix += character;
      if (whole.has(prefix)) break;
      if (!prefixes.includes(prefix)) prefixes.push(prefix);
    }
  }
  const characters = new Set(stopTexts.join('').split(''));
  return prefixes.map((prefix) => {
    const steps = new Map<string, number>();
    for (const character of characters) {
      const said = prefix + character;
      const ends = Array.from({ length: said.length + 1 }, (_, start) => said.slice(start));
      // The longest end of what was said that begins a stop text; '' always does.
      const longest = ends.find((end) => prefixes.includes(end)) ?? '';
      const holds = ends.some((end) => whole.has(end));
      steps.set(character, holds ? prefixes.length : prefixes.indexOf(longest));
    }
    return steps;
  });
}
