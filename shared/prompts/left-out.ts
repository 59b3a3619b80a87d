/** Rows that are well written and of no use: left out and counted. */

export type LeftOutReason = 'empty' | 'too-long' | 'no-assistant-turn' | 'no-user-turn' | 'not-text';

/** Why a row is left out; `readRow` catches it. */
export class LeftOut extends Error {
  override readonly name = 'LeftOut';
  readonly reason: LeftOutReason;

  constructor(reason: LeftOutReason) {
    super(reason);
    this.reason = reason;
  }
}
