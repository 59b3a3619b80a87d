/** What is asked of how likely a model finds an answer that is given, and what it says. */
import { z } from 'zod';
import {
  chatCompletionRequest,
  completionRequest,
  handedOn,
  MAXIMUM_COMPLETION_BYTES,
} from './completions.ts';
import { defineEndpoints } from './endpoint.ts';

const LONGEST_ANSWER = 50_000;

export const likelihoodRequest = z
  .strictObject({
    model: completionRequest.shape.model,
    prompt: z.string().optional().describe('The text that is gone on with; absent where there are messages'),
    messages: chatCompletionRequest.shape.messages
      .optional()
      .describe(
        'The conversation that is answered, the oldest message first; absent where there is a prompt',
      ),
    answer: z
      .string()
      .min(1, 'must not be empty')
      .max(LONGEST_ANSWER, `may have ${LONGEST_ANSWER} characters at most`)
      .describe('The answer that is asked about, whoever wrote it'),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    path: ['prompt'],
    message: 'goes without messages, and one of the two is needed',
  })
  .meta({ id: 'LikelihoodRequest', description: 'An answer, and what it answers' });

export const likelihood = z
  .object({
    model: z.string().describe('As it was asked for'),
    tokens: z
      .array(
        z.object({
          text: z.string().describe("The token's text; empty where it ends inside a character"),
          logprob: z.number().describe('Its log-probability behind all that stands before it, in nats'),
        }),
      )
      .describe('The answer as the model reads it, token by token'),
    logprob: z.number().describe('Of the whole answer: the sum'),
  })
  .meta({ id: 'Likelihood', description: 'How likely a model finds an answer' });

export const likelihoodEndpoints = defineEndpoints({
  measureLikelihood: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/likelihoods',
    tag: 'models',
    summary: 'Tell how likely a model that a runner serves finds a given answer, token by token',
    scopes: ['admin', 'client'],
    body: likelihoodRequest,
    maximumBytes: MAXIMUM_COMPLETION_BYTES,
    refuses: ['artifact-damaged', 'not-found', 'not-served'],
    handedOn,
    status: 200,
    response: { mediaType: 'application/json', forms: { 'application/json': likelihood } },
  },
});
