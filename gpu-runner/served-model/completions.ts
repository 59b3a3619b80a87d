/** What `/completions` and `/chat/completions` are asked and answer, as far as servers agree on it. */
import { z } from 'zod';

/** As the server counts them; null where it does not say. */
const usage = z
  .object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() })
  .nullish()
  .transform((counts) => counts && { input: counts.prompt_tokens, output: counts.completion_tokens })
  .transform((counts) => counts ?? null);

const probability = z.number().nullable();

/** Of each token: its text, its log-probability, the likeliest instead of it, and where it begins in the text. */
const logProbabilities = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(probability),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
  text_offset: z.array(z.int().nonnegative()).nullish(),
});

const first = <Choice extends z.ZodType>(choice: Choice) => z.tuple([choice], z.unknown());

export const completion = z.object({
  choices: first(
    z.object({
      text: z.string(),
      /** stop: at an end token or a stop text; length: at the limit. */
      finish_reason: z.string().nullish(),
      logprobs: logProbabilities.nullish(),
    }),
  ),
  usage,
});
export type Completion = z.output<typeof completion>;

const chatToken = z.object({ token: z.string(), logprob: z.number() });

export const chatCompletion = z.object({
  choices: first(
    z.object({
      message: z.object({ content: z.string().nullable() }),
      finish_reason: z.string().nullish(),
      logprobs: z
        .object({ content: z.array(chatToken.extend({ top_logprobs: z.array(chatToken) })).nullable() })
        .nullish(),
    }),
  ),
  usage,
});
export type ChatCompletion = z.output<typeof chatCompletion>;
