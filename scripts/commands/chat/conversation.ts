/** A conversation with one or more models: all hear the same, each remembers its own answers. */
import { printableLines } from '../../terminal/printable.ts';
import { ask, AskError, type Sampling, type Served, type Turn } from './ask.ts';
import type { Screen } from './screen.ts';

export interface ChatModel {
  /** What people read. */
  readonly title: string;
  /** Its id at the endpoint. */
  readonly id: string;
}

interface ConversationOptions {
  readonly served: Served;
  readonly models: readonly ChatModel[];
  readonly screen: Screen;
  readonly system: string | undefined;
  readonly sampling: Sampling;
  /** Whether the models take turns; without a chat template a message is a text to go on with. */
  readonly hasTemplate: boolean;
}

export class Conversation {
  readonly #options: ConversationOptions;
  #turns: Turn[][] = [];
  #asked = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.reset();
  }

  /** Forgets what was said. */
  reset(): void {
    const { models, system } = this.#options;
    this.#turns = models.map((): Turn[] =>
      system === undefined ? [] : [{ role: 'system', content: system }],
    );
    this.#asked = 0;
  }

  /**
   * Asks every model and shows what they answer.
   *
   * @param signal ends the answers; what was said until then is kept
   * @throws AskError where a model refuses; then nothing of this message is remembered
   */
  async say(message: string, signal: AbortSignal): Promise<void> {
    const { models, screen } = this.#options;
    const titles = models.map(({ title }) => title);
    const before = [...this.#turns];
    try {
      if (screen.sideBySide) {
        screen.begin(titles);
        await Promise.all(models.map(async (_, column) => await this.#answer(column, message, signal)));
      } else {
        for (const column of models.keys()) {
          screen.begin(titles.slice(column, column + 1));
          await this.#answer(column, message, signal);
        }
      }
    } catch (error) {
      this.#turns = before;
      throw error;
    } finally {
      screen.finish();
    }
    this.#asked += 1;
  }

  async #answer(column: number, message: string, signal: AbortSignal): Promise<void> {
    const { served, models, screen, sampling, hasTemplate } = this.#options;
    const turns = this.#turns[column] ?? [];
    const model = models[column]?.id ?? '';
    const asked: Turn[] = [...turns, { role: 'user', content: message }];
    // Another message, another draw; all models draw by the same numbers.
    const own = { ...sampling, seed: sampling.seed + this.#asked };
    let content = '';
    try {
      for await (const part of ask(served, model, hasTemplate ? asked : message, own, signal)) {
        content += part;
        screen.add(column, part);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      screen.end(column);
    }
    this.#turns[column] = [...asked, { role: 'assistant', content }];
  }
}

/** Whether a model has a chat template: it is asked for one token. @throws AskError where it refuses for another reason */
export async function hasTemplate(served: Served, { id }: ChatModel, signal: AbortSignal): Promise<boolean> {
  const least = { temperature: 0, top_p: 1, seed: 0, max_tokens: 1 };
  try {
    for await (const _ of ask(served, id, [{ role: 'user', content: 'Hi' }], least, signal));
    return true;
  } catch (error) {
    if (error instanceof AskError && error.code === 'no-chat-template') return false;
    throw error;
  }
}

/** What a refusal says, safe to show. */
export function refusalLine(error: AskError): string {
  return `(${printableLines(error.message).replaceAll('\n', ' ')})\n`;
}
