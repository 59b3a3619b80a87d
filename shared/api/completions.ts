/** What a client asks of a model that a runner serves: OpenAI's chat completions and completions, as far as they are done. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { text } from './fields.ts';

/** Most tokens that one answer may have, whatever the model's context. */
const MOST_NEW_TOKENS = 4096;
/** Most answers to one request. */
const MOST_CHOICES = 8;
const MOST_STOPS = 4;
const LONGEST_STOP = 200;

/** A parameter of OpenAI's that is not done here: only the value that changes nothing passes. */
function neutral(form: z.ZodType, what: string) {
  return z
    .unknown()
    .refine((value) => value === null || value === undefined || form.safeParse(value).success, what)
    .optional();
}

const nothing = z.union([z.array(z.unknown()).length(0), z.strictObject({})]);

const shared = {
  /** A base model's name, or EXPERIMENT/adapter. */
  model: text(300),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0, 'must be above 0').max(1).nullish(),
  n: z.int().min(1).max(MOST_CHOICES).nullish(),
  /** Equal seeds give equal answers; a random one unless given. */
  seed: z.int().min(0).nullish(),
  stop: z
    .union([
      z.string().min(1).max(LONGEST_STOP),
      z.array(z.string().min(1).max(LONGEST_STOP)).max(MOST_STOPS),
    ])
    .nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish(),
      include_obfuscation: neutral(z.literal(false), 'is not done here: leave it out'),
    })
    .nullish(),
  max_tokens: z.int().min(1).max(MOST_NEW_TOKENS).nullish(),
  /** Who the client asks for; nobody reads it. */
  user: z.string().max(1000).nullish(),
  frequency_penalty: neutral(z.literal(0), 'penalties are not done here: leave it out'),
  presence_penalty: neutral(z.literal(0), 'penalties are not done here: leave it out'),
  logit_bias: neutral(nothing, 'a bias of logits is not done here: leave it out'),
};

const part = z.strictObject({
  type: z.literal('text', 'only text is read here: send parts of the type text'),
  text: z.string(),
});

const message = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant'], {
    error: 'must be system, developer (read as system), user or assistant',
  }),
  content: z.union([z.string(), z.array(part).max(100)], {
    error: 'must be a text or a list of parts of the type text',
  }),
});

export const chatCompletionRequest = z
  .strictObject({
    ...shared,
    messages: z.array(message).min(1, 'needs at least one message').max(1000),
    max_completion_tokens: z.int().min(1).max(MOST_NEW_TOKENS).nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: neutral(
      z.literal(0),
      "only the drawn token's log-probability is kept: leave top_logprobs out, logprobs alone is done",
    ),
    tools: neutral(nothing, 'tools are not done here: leave them out'),
    tool_choice: neutral(z.enum(['none', 'auto']), 'tools are not done here: leave it out'),
    response_format: neutral(
      z.strictObject({ type: z.literal('text') }),
      'only text is answered here: leave it out',
    ),
  })
  .meta({ id: 'ChatCompletionRequest' });
export type ChatCompletionRequest = z.output<typeof chatCompletionRequest>;

export const completionRequest = z
  .strictObject({
    ...shared,
    prompt: z.union([z.string(), z.array(z.string()).length(1)], {
      error: 'must be one text (lists of texts and of token ids are not done here)',
    }),
    /** 0 asks for the drawn tokens' log-probabilities. */
    logprobs: z
      .literal(0, "only the drawn token's log-probability is kept: ask for logprobs 0, or leave it out")
      .nullish(),
    echo: neutral(z.literal(false), 'is not done here: leave it out'),
    suffix: neutral(z.literal(''), 'is not done here: leave it out'),
    best_of: neutral(z.literal(1), 'is not done here: leave it out, or ask for n'),
  })
  .meta({ id: 'CompletionRequest' });
export type CompletionRequest = z.output<typeof completionRequest>;

/** Largest body of a request: a long conversation. */
export const MAXIMUM_COMPLETION_BYTES = 4 * 1024 * 1024;

/** An address under which the edge reaches a runner: http or https, with nothing in it that belongs into no log. */
export const servingAddress = text(300).refine((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash, pathname } = new URL(value);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '' && pathname === '/';
}, 'must be an http or https address without user, key, path or query, such as http://10.0.0.7:8790');

export const completionEndpoints = defineEndpoints({
  createChatCompletion: {
    method: 'post',
    path: '/v1/chat/completions',
    tag: 'models',
    summary:
      'Answer a conversation by a model that a runner serves, in the form of the OpenAI API, streamed or whole',
    scopes: ['admin', 'client'],
    body: chatCompletionRequest,
    maximumBytes: MAXIMUM_COMPLETION_BYTES,
    status: 200,
    response: { mediaType: 'application/json' },
  },
  createCompletion: {
    method: 'post',
    path: '/v1/completions',
    tag: 'models',
    summary:
      'Go on with a text by a model that a runner serves, in the form of the OpenAI API, streamed or whole',
    scopes: ['admin', 'client'],
    body: completionRequest,
    maximumBytes: MAXIMUM_COMPLETION_BYTES,
    status: 200,
    response: { mediaType: 'application/json' },
  },
  listServedModels: {
    method: 'get',
    path: '/v1/models',
    tag: 'models',
    summary:
      'List the models that can be asked for completions: the newest base models and adapters, in the form of the OpenAI API',
    scopes: ['admin', 'client'],
    status: 200,
    response: z.object({
      object: z.literal('list'),
      data: z.array(
        z.object({ id: z.string(), object: z.literal('model'), created: z.int(), owned_by: z.string() }),
      ),
    }),
  },
});
