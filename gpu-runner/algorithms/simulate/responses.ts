/** What simulation asks of a model, whoever runs it: how it goes on with a text. */
import { filterResponse } from '../../../shared/dialogue/filter-response.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { responseOf } from '../../llama/model/sequence.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { Generate } from '../generation.ts';
import { encodePrompt } from '../prompt-tokens.ts';

interface ResponseRequest {
  readonly prompt: string;
  /** Stream of the counter-based generator; the response depends on (seed, stream) and the prompt alone. */
  readonly stream: number;
}

export interface ModelResponse {
  /** As the filter reads it: `</s>` stands where the model ended. */
  readonly text: string;
  /** As the model's own tokenizer counts, its end included. */
  readonly tokens: number;
  /** Why it must not be used, whatever the filter says; null where nothing speaks against it. */
  readonly refused: string | null;
}

export interface ResponseSource {
  /** @param name of the prompt, for the error @throws UnusablePromptError where it cannot be answered */
  check(name: string, text: string): void;
  /** One response per request, in order. */
  respond(requests: readonly ResponseRequest[], signal: AbortSignal): Promise<readonly ModelResponse[]>;
}

/** The text that the model's end token stands for, which the filters look for. */
export const END_MARK = '</s>';

/**
 * The engine's own model.
 *
 * @param maximumPromptTokens that leave room for the response
 */
export function sampledResponses(
  tokenizer: Tokenizer,
  generate: Generate,
  maximumPromptTokens: number,
): ResponseSource {
  const encoded = new Map<string, Int32Array>();
  const encode = (name: string, text: string): Int32Array => {
    const tokens =
      encoded.get(text) ?? encodePrompt(tokenizer, text, { name, maximumTokens: maximumPromptTokens });
    encoded.set(text, tokens);
    return tokens;
  };
  return {
    check: encode,
    async respond(requests, signal) {
      const asked = requests.map(({ prompt, stream }) => ({ promptTokens: encode('', prompt), stream }));
      const generations = await generate(asked, signal);
      return asked.map(({ promptTokens }, index) => {
        const generation = generations[index];
        if (generation === undefined) {
          throw new AlgorithmInputError(
            `the sampler answered ${generations.length} of ${asked.length} requests`,
          );
        }
        return sampledResponse(tokenizer, promptTokens, responseOf(generation.sequence));
      });
    },
  };
}

/** What was sampled behind a prompt, as the filter reads it. */
export function sampledResponse(
  tokenizer: Tokenizer,
  promptTokens: Int32Array,
  tokens: Int32Array,
): ModelResponse {
  const text = tokenizer.decodeAfter(promptTokens, tokens);
  const ended = tokenizer.eosTokens.includes(tokens.at(-1) ?? -1);
  // Bytes that are no character, as the tokenizer shows them.
  const refused = text.includes('\u{fffd}') ? 'broken-character' : null;
  return { text: ended ? text + END_MARK : text, tokens: tokens.length, refused };
}

/** The filter's answer, unless the source refuses the text before it. */
export function filtered(form: PromptForm, { text, refused }: ModelResponse) {
  return refused === null ? filterResponse(form, text) : ({ accepted: false, reason: refused } as const);
}
