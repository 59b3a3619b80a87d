/**
 * Special tokens that a template alone can make. A second tokenizer knows them under names that nobody can write: those in
 * the template's own text are renamed, the same characters inside a message are not, and one call encodes the whole.
 */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { checkedBy } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { TokenizerPipeline, tokenizerSchema } from './pipeline/pipeline.ts';
import { messageOf } from '../../../shared/caught.ts';

const cure = "Put the model's own tokenizer.json and tokenizer_config.json into its folder";

const namesSchema = z.looseObject({
  model: z.looseObject({
    vocab: z.union([z.record(z.string(), z.number()), z.array(z.tuple([z.string(), z.number()]))]),
    unk_token: z.string().nullish(),
  }),
  added_tokens: z.array(z.looseObject({ content: z.string(), special: z.boolean().optional() })),
});

/** Characters for private use, which no normaliser changes and no text is expected to hold. */
const FIRST_PRIVATE = 0xe000;
const PRIVATE_COUNT = 6400;

function privateCharacter(index: number): string {
  return String.fromCharCode(FIRST_PRIVATE + index);
}

/** Drawn anew for each use, so that it cannot be guessed. */
export function randomMark(): string {
  return Array.from({ length: 6 }, () => privateCharacter(randomInt(PRIVATE_COUNT))).join('');
}

/** Keeps special tokens' texts inside messages from being taken for those of the template. */
export interface Guard {
  readonly protect: (content: string) => string;
  readonly release: (text: string) => string;
}

export class TemplateSpecials {
  readonly #tokenizer: TokenizerPipeline;
  /** Name by the special token's text. */
  readonly #names: ReadonlyMap<string, string>;
  /** Any special token's text, the longest first; undefined where there is none. */
  readonly #pattern: RegExp | undefined;

  /**
   * @param json tokenizer.json
   * @throws ModelFileError if it cannot be used as a tokenizer
   */
  constructor(json: Record<string, unknown>, file: string) {
    const { model, added_tokens: added, ...rest } = checkedBy(namesSchema, json, file, cure);
    const mark = randomMark();
    const texts = added.filter(({ special }) => special === true).map(({ content }) => content);
    this.#names = new Map(
      texts.map((text, index) => [
        text,
        `${mark}${privateCharacter(Math.floor(index / PRIVATE_COUNT))}${privateCharacter(index % PRIVATE_COUNT)}`,
      ]),
    );
    const rename = (text: string): string => this.#names.get(text) ?? text;
    const alternatives = texts
      .filter((text) => text !== '')
      .toSorted((a, b) => b.length - a.length)
      .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    this.#pattern = alternatives.length === 0 ? undefined : new RegExp(alternatives.join('|'), 'g');
    const vocab = Array.isArray(model.vocab)
      ? model.vocab.map(([text, score]) => [rename(text), score])
      : Object.fromEntries(Object.entries(model.vocab).map(([text, id]) => [rename(text), id]));
    const unknown = typeof model.unk_token === 'string' ? { unk_token: rename(model.unk_token) } : {};
    const renamed = {
      ...rest,
      // Ids are made without it; it would look for special tokens by their old names.
      post_processor: null,
      model: { ...model, vocab, ...unknown },
      added_tokens: added.map((token) => Object.assign({}, token, { content: rename(token.content) })),
    };
    try {
      this.#tokenizer = new TokenizerPipeline(checkedBy(tokenizerSchema, renamed, file, cure));
    } catch (error) {
      if (error instanceof ModelFileError) throw error;
      const fault = `cannot be used as a tokenizer (${messageOf(error).slice(0, 200)})`;
      throw new ModelFileError(file, null, fault, cure, { cause: error });
    }
  }

  /** A guard for one conversation. @param contents what people wrote */
  guardFor(contents: readonly string[]): Guard {
    let mark = randomMark();
    while (contents.some((content) => content.includes(mark))) mark = randomMark();
    const pattern = this.#pattern;
    return {
      // A mark behind the first character: nothing is found there any more.
      protect: (content) =>
        pattern === undefined
          ? content
          : content.replace(pattern, (text) => {
              const [first = ''] = text;
              return `${first}${mark}${text.slice(first.length)}`;
            }),
      release: (text) => text.replaceAll(mark, ''),
    };
  }

  /** The first special token of a text; undefined where it has none. */
  firstOf(text: string): number | undefined {
    const [found] = this.#pattern === undefined ? [] : (text.match(this.#pattern) ?? []);
    const name = found === undefined ? undefined : this.#names.get(found);
    return name === undefined ? undefined : this.#tokenizer.encode(name, false)[0];
  }

  /** Token ids of a rendered text whose messages were protected by the guard. */
  encode(rendered: string, guard: Guard): Int32Array {
    const named =
      this.#pattern === undefined
        ? rendered
        : rendered.replace(this.#pattern, (text) => this.#names.get(text) ?? text);
    return Int32Array.from(this.#tokenizer.encode(guard.release(named), false));
  }
}
