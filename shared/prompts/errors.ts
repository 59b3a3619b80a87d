/** The errors of files of prompts and pairs. */
import { UserError } from '../user-error.ts';

/** A file that cannot be read on; the message says where and why. */
export class DataFileError extends UserError {
  override readonly name = 'DataFileError';
  override readonly code = 'bad-input';
  /** From 1. */
  readonly line: number;
  /** Without the line. */
  readonly fault: string;

  constructor(line: number, fault: string, options: { readonly cause?: unknown } = {}) {
    super(`line ${line}: ${fault}`, options);
    this.line = line;
    this.fault = fault;
  }
}
