/** Reads the fields of one object of rope parameters, each by name and kind. */
import type { RefuseConfig } from './config-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

export class RopeReader {
  readonly #fields: Fields;
  readonly #place: string;
  readonly #refuse: RefuseConfig;

  /** @param place the field of config.json that holds `fields` */
  constructor(fields: Fields, place: string, refuse: RefuseConfig) {
    this.#fields = fields;
    this.#place = place;
    this.#refuse = refuse;
  }

  get type(): string {
    const type = this.#fields['rope_type'] ?? this.#fields['type'] ?? 'default';
    return typeof type === 'string' ? type : this.refuse('rope_type', 'is not the name of a rope type');
  }

  optional(name: string): number | null {
    const value = this.#fields[name] ?? null;
    if (value === null || typeof value === 'number') return value;
    return this.refuse(name, 'is not a number');
  }

  number(name: string): number {
    return this.optional(name) ?? this.refuse(name, 'is not a number');
  }

  numbers(name: string): number[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) return this.refuse(name, 'is not a list of numbers');
    return value.map((one: unknown) =>
      typeof one === 'number' ? one : this.refuse(name, 'is not a list of numbers'),
    );
  }

  /** True unless the file says otherwise. */
  flag(name: string): boolean {
    return this.#fields[name] !== false;
  }

  refuse(name: string, fault: string, cure?: string): never {
    return this.#refuse(`${this.#place}.${name}`, fault, cure);
  }
}

/** The fields of an object; none where the value is no object. */
export function objectOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
