/** Reads typed fields of a GGUF file's metadata; what is absent or of another kind is named. */
import { ModelFileError } from '../../../files/model-file-error.ts';
import type { NumberArray } from './bounded-cursor.ts';
import type { MetadataValue } from './header.ts';

const CURE = 'Convert the model again with the current llama.cpp';

export class GgufMetadata {
  readonly file: string;
  readonly #values: ReadonlyMap<string, MetadataValue>;

  constructor(file: string, values: ReadonlyMap<string, MetadataValue>) {
    this.file = file;
    this.#values = values;
  }

  /** The error of one of the fields. */
  refuse(field: string, fault: string, cure = CURE): ModelFileError {
    return new ModelFileError(this.file, field, fault, cure);
  }

  number(key: string): number | null {
    return this.#field(key, 'a number', (value) => typeof value === 'number');
  }

  boolean(key: string): boolean | null {
    return this.#field(key, 'true or false', (value) => typeof value === 'boolean');
  }

  text(key: string): string | null {
    return this.#field(key, 'a text', (value) => typeof value === 'string');
  }

  texts(key: string): readonly string[] | null {
    return this.#field(key, 'a list of texts', (value): value is readonly string[] => Array.isArray(value));
  }

  numbers(key: string): NumberArray | null {
    return this.#field(key, 'a list of numbers', (value): value is NumberArray => ArrayBuffer.isView(value));
  }

  /** A whole number that must be there. */
  integer(key: string): number {
    const value = this.#required(key, this.number(key));
    if (!Number.isInteger(value)) throw this.refuse(key, `is ${value}, not a whole number`);
    return value;
  }

  /** A number of the whole model, which some files repeat for every layer; layers that differ are refused. */
  integerOfAllLayers(key: string): number | null {
    const value = this.#values.get(key);
    if (!ArrayBuffer.isView(value)) return value === undefined ? null : this.integer(key);
    const [first = 0] = value;
    if (value.some((other) => other !== first)) {
      throw this.refuse(key, 'differs from layer to layer', 'Use a model whose layers are all alike');
    }
    return first;
  }

  requiredNumber(key: string): number {
    return this.#required(key, this.number(key));
  }

  requiredText(key: string): string {
    return this.#required(key, this.text(key));
  }

  #required<Value>(key: string, value: Value | null): Value {
    if (value === null) throw this.refuse(key, 'is missing');
    return value;
  }

  #field<Kind extends MetadataValue>(
    key: string,
    kind: string,
    is: (value: MetadataValue) => value is Kind,
  ): Kind | null {
    const value = this.#values.get(key);
    if (value === undefined) return null;
    if (!is(value)) throw this.refuse(key, `is not ${kind}`);
    return value;
  }
}
