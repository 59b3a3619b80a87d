/** The text a rollout is rewarded for, and whether it ended as it should. */

/** What ends an assistant's turn. */
export const NEXT_TURN = '\n\nHuman:';

/** The rewarded text, and whether it may be scored: if not, the terminal reward is the penalty (-1 in the paper). */
export interface TerminalText {
  readonly text: string;
  readonly complete: boolean;
}

/**
 * Terminal-reward rule of a dialogue rollout: keep up to and including the first `\n\nHuman:`; complete only if the
 * text ends so and something other than white space precedes it. A rollout that ran to the cap, or that ended by EOS
 * before the stop, is not complete.
 */
export function terminalText(decoded: string): TerminalText {
  const stop = decoded.indexOf(NEXT_TURN);
  if (stop < 0) return { text: decoded, complete: false };
  return {
    text: decoded.slice(0, stop + NEXT_TURN.length),
    complete: decoded.slice(0, stop).trim().length > 0,
  };
}
