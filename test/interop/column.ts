/** A column of the interop table: one check, made for the checkpoint of every family. */
import type { ImportedModel } from '../../gpu-runner/llama/weights/import-model.ts';
import type { BasePrecision } from '../../gpu-runner/llama/weights/base-layout.ts';
import type { Python } from './python.ts';

/** A checkpoint that transformers wrote, and what checks it. */
export interface CheckContext {
  /** Of the family and its features, such as `gemma2`. */
  readonly name: string;
  /** The Hugging Face folder. */
  readonly folder: string;
  /** The kind of its tokenizer, such as `unigram`. */
  readonly tokenizer: string;
  /** Whether its weights are made up, rather than a real model's. */
  readonly isMadeUp: boolean;
  /** 64 token ids to compare on. */
  readonly tokens: readonly number[];
  /** The checkpoint as this project opens it; imported once a precision. */
  readonly model: (precision: BasePrecision) => Promise<ImportedModel>;
  /** An empty folder for the column's own files. */
  readonly scratch: string;
  /** Calls `run` of a module in test/interop/python. */
  readonly python: Python;
}

/** What a check found; it passes up to `limit`, always where that is null: a measurement. */
export interface Figure {
  readonly value: number;
  readonly limit: number | null;
}

export interface Column {
  readonly name: string;
  /** What its figures are, in a line below the table. */
  readonly meaning: string;
  /** Whether its Python module needs llama-cpp-python, whose build takes minutes. */
  readonly needsLlamaCpp?: boolean;
  readonly check: (context: CheckContext) => Promise<Figure>;
}
