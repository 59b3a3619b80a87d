/** A file that is no scorer, or one that this version cannot run; the message names what is wrong. */
export class ScorerFileError extends Error {
  override readonly name = 'ScorerFileError';
}
