/** What a model's whole answers are, in the form of the OpenAI API. */
import { z } from 'zod';

const heading = {
  id: z.string().describe('Of this answer alone'),
  created: z.int().nonnegative().describe('Seconds since the epoch'),
  model: z.string().describe('As it was asked for'),
};

const index = z.int().nonnegative().describe('Which of the answers, from 0');
const finish = z
  .enum(['stop', 'length'])
  .nullable()
  .describe('`stop`: the model or a stop text ended it; `length`: it has as many tokens as it may');

const usage = z
  .object({
    prompt_tokens: z.int().nonnegative().describe('Tokens that were read'),
    completion_tokens: z.int().nonnegative().describe('Tokens that were drawn, of all answers'),
    total_tokens: z.int().nonnegative().describe('Both together'),
  })
  .meta({ id: 'CompletionUsage', description: 'Tokens of a request' });

const chatLogprobs = z.object({
  content: z
    .array(
      z.object({
        token: z.string().describe("The token's text; empty where it ends inside a character"),
        logprob: z.number().describe('Its log-probability, in nats'),
        bytes: z.array(z.int().min(0).max(255)).describe('Its text in UTF-8'),
        top_logprobs: z.array(z.unknown()).max(0).describe('Always empty: only the drawn token is kept'),
      }),
    )
    .describe('The drawn tokens'),
  refusal: z.null().describe('Always null'),
});

export const chatCompletion = z
  .object({
    ...heading,
    object: z.literal('chat.completion').describe('What kind of document this is'),
    choices: z
      .array(
        z.object({
          index,
          message: z
            .object({
              role: z.literal('assistant').describe('Who says it'),
              content: z.string().describe('What is said: show it as text, never as markup'),
              refusal: z.null().describe('Always null'),
            })
            .describe('The answer'),
          logprobs: chatLogprobs.nullable().describe('Null unless they were asked for'),
          finish_reason: finish,
        }),
      )
      .describe('The answers'),
    usage: usage.describe('Tokens of the request'),
  })
  .meta({ id: 'ChatCompletion', description: 'An answer to a conversation, as in the OpenAI API' });

export const textCompletion = z
  .object({
    ...heading,
    object: z.literal('text_completion').describe('What kind of document this is'),
    choices: z
      .array(
        z.object({
          index,
          text: z.string().describe('What was written: show it as text, never as markup'),
          logprobs: z
            .object({
              tokens: z.array(z.string()).describe('The texts of the drawn tokens'),
              token_logprobs: z.array(z.number()).describe('The log-probability of each, in nats'),
              top_logprobs: z.null().describe('Always null: only the drawn token is kept'),
              text_offset: z.array(z.int().nonnegative()).describe('Where each begins, in characters'),
            })
            .nullable()
            .describe('Null unless they were asked for'),
          finish_reason: finish,
        }),
      )
      .describe('The answers'),
    usage: usage.describe('Tokens of the request'),
  })
  .meta({ id: 'TextCompletion', description: 'How a text goes on, as in the OpenAI API' });
