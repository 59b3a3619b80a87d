/** The error of every file that a model is made of: which file, which field of it, what is wrong, what to do. */
import { UserError } from '../../shared/user-error.ts';

/** A model file that cannot be used. The message names file, field, fault and cure, in that order. */
export class ModelFileError extends UserError {
  override readonly name = 'ModelFileError';
  override readonly code = 'bad-model';
  readonly file: string;
  readonly field: string | null;
  readonly fault: string;

  /**
   * @param file path of the file as the user knows it
   * @param field the field, tensor or byte range at fault; null when it is the file as a whole
   * @param fault what is wrong, with the value that was found
   * @param cure what the reader of the message can do about it
   */
  constructor(file: string, field: string | null, fault: string, cure: string, options?: ErrorOptions) {
    super(`${file}${field === null ? '' : `: ${field}`}: ${fault}`, { ...options, cure });
    this.file = file;
    this.field = field;
    this.fault = fault;
  }
}
