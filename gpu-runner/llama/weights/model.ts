/** A model ready to run: its files, its tokenizer, and the backend of the device that was chosen for it. */
import type { Backend } from '../model/backend.ts';
import type { ImportedModel } from './import-model.ts';

export interface Model extends ImportedModel {
  readonly backend: Backend;
}
