/** Questions of a task to the server of its model: at most so many at a time, each asked once, counted. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { canonicalJson } from '../../../shared/canonical-json.ts';
import type { ServedModel } from '../../../shared/api/served-model.ts';
import type { ServedUsage } from '../../../shared/api/tasks/settings.ts';
import { postJson, type Endpoint, type Patience } from '../../served-model/post-json.ts';
import type { KeptAnswer } from './answers-journal.ts';
import type { KeptAnswers } from './kept-answers.ts';

/** How a kind of question is asked and read. */
export interface QuestionKind<Answer extends { readonly usage: KeptAnswer['tokens'] }, Value> {
  readonly path: '/completions' | '/chat/completions';
  /** Of the server's answer. */
  readonly answer: z.ZodType<Answer>;
  /** Of what is kept of it. */
  readonly value: z.ZodType<Value>;
  /** @throws ServerRefusalError where the server answers without what is needed */
  readonly read: (answer: Answer, question: Question) => Value;
}

export interface Question {
  /** What tells it from an equal one: its place in the task. */
  readonly index: number;
  /** Without the model's name. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ServerOptions {
  readonly endpoint: Endpoint;
  readonly model: Pick<ServedModel, 'model' | 'price'>;
  readonly concurrency: number;
  readonly kept: KeptAnswers;
  /** Told after every answer. */
  readonly onAnswer: () => void;
  readonly patience?: Patience;
}

/** A server as one task asks it. */
export class AskedServer {
  readonly #options: ServerOptions;
  /** Answers that the task's result rests on, kept ones among them. */
  readonly #used = new Map<string, KeptAnswer>();
  /** Whether the server has answered once: until then it is asked one question alone, so that a refusal costs one. */
  #proven = false;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /**
   * Asks what has not been answered yet. Where a question is refused, those under way are waited for and kept, and no other
   * is asked.
   *
   * @returns one value per question, in order
   * @throws as {@link postJson} and the kind's reader
   */
  async ask<Answer extends { readonly usage: KeptAnswer['tokens'] }, Value>(
    kind: QuestionKind<Answer, Value>,
    questions: readonly Question[],
    signal: AbortSignal,
  ): Promise<Value[]> {
    const values: Value[] = [];
    const left = questions.map((question, place) => ({ question, place }));
    const askNext = async (): Promise<void> => {
      const next = left.shift();
      if (next === undefined) return;
      try {
        values[next.place] = await this.#one(kind, next.question, signal);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    };
    while (!this.#proven && left.length > 0) await askNext();
    const workers = Array.from({ length: this.#options.concurrency }, async () => {
      while (left.length > 0) await askNext();
    });
    const fault = (await Promise.allSettled(workers)).find((one) => one.status === 'rejected');
    if (fault !== undefined) throw fault.reason;
    return values;
  }

  /** What was asked in all; equal for equal answers, however often the task was begun. */
  usage(): ServedUsage {
    const answers = [...this.#used.values()];
    const counted = answers.flatMap(({ tokens }) => tokens ?? []);
    const tokens = counted.length === answers.length ? counted : null;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const input = sum((tokens ?? []).map((one) => one.input));
    const output = sum((tokens ?? []).map((one) => one.output));
    const { price } = this.#options.model;
    return {
      requests: answers.length,
      retries: sum(answers.map(({ retries }) => retries)),
      tokens: tokens && { input, output },
      cost: tokens && price && (input * price.input + output * price.output) / 1e6,
    };
  }

  /** Such as `128 requests, 2 retries, 12000 + 3400 tokens, cost 0.0123`. */
  describe(): string {
    const { requests, retries, tokens, cost } = this.usage();
    return [
      `${requests} requests`,
      ...(retries > 0 ? [`${retries} retries`] : []),
      ...(tokens ? [`${tokens.input} + ${tokens.output} tokens`] : []),
      ...(cost === null ? [] : [`cost ${cost.toFixed(4)}`]),
    ].join(', ');
  }

  async #one<Answer extends { readonly usage: KeptAnswer['tokens'] }, Value>(
    { path, answer: schema, value: kept, read }: QuestionKind<Answer, Value>,
    question: Question,
    signal: AbortSignal,
  ): Promise<Value> {
    const { endpoint, model, patience, onAnswer } = this.#options;
    const body = { model: model.model, ...question.body };
    const key = createHash('sha256')
      .update(canonicalJson({ path, body, index: question.index }))
      .digest('hex');
    const known = this.#options.kept.get(key);
    if (known !== undefined) {
      this.#used.set(key, known);
      onAnswer();
      return kept.parse(known.value);
    }
    const { answer, retries } = await postJson(endpoint, path, body, schema, signal, patience);
    const value = read(answer, question);
    const found = { key, value, tokens: answer.usage, retries };
    await this.#options.kept.keep(found);
    this.#proven = true;
    this.#used.set(key, found);
    onAnswer();
    return value;
  }
}
