/** What a client asks of a model that a runner serves: OpenAI's chat completions and completions, as far as they are done. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { text } from './fields.ts';

/** Most tokens that one answer may have, whatever the model's context. */
const MOST_NEW_TOKENS = 4096;
/** Most answers to one request. */
const MOST_CHOICES = 8;
const MOST_STOPS = 4;
const MOST_MESSAGES = 1000;
const LONGEST_STOP = 200;
const LONGEST_USER = 1000;

/** A parameter of OpenAI's that is not done here: only the value that changes nothing passes. */
function neutral(form: z.ZodType, what: string) {
  return z
    .unknown()
    .refine((value) => value === null || value === undefined || form.safeParse(value).success, what)
    .optional();
}

/** No message shows more of a wrong value. */
const LONGEST_SHOWN = 40;

/** The error of a value out of its range: the value, and what to send in its place. */
function must(be: string) {
  const error = ({ input }: { readonly input?: unknown }): string => {
    if (input === undefined) return `is missing: it must be ${be}`;
    const shown = JSON.stringify(input);
    const cut = shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}...` : shown;
    return `is ${cut}: it must be ${be}`;
  };
  return { error };
}

const temperature = must('a number from 0 (always the likeliest token) to 2');
const topP = must('a number above 0, up to 1 (the whole distribution)');
const choices = must(`a whole number from 1 to ${MOST_CHOICES}`);
const seed = must('a whole number from 0 on');
const newTokens = must(`a whole number from 1 to ${MOST_NEW_TOKENS}, or left out for what the context holds`);
const stop = must(`a text of 1 to ${LONGEST_STOP} characters, or a list of up to ${MOST_STOPS} of them`);
const stops = {
  error: (issue: { readonly input?: unknown }): string => {
    const { input } = issue;
    return Array.isArray(input) && input.length > MOST_STOPS
      ? `holds ${input.length} texts, and ${MOST_STOPS} may end an answer: leave out ${input.length - MOST_STOPS}`
      : stop.error(issue);
  },
};
const model = must("a model's name, or EXPERIMENT/adapter: GET /v1/models lists them");
const user = must(`a text of up to ${LONGEST_USER} characters, or left out`);
const streamOptions = must('an object with include_usage, or left out');
const flag = must('true or false');

const nothing = z.union([z.array(z.unknown()).length(0), z.strictObject({})]);

const stopText = z.string(stop).min(1, stop).max(LONGEST_STOP, stop);

const shared = {
  /** A base model's name, or EXPERIMENT/adapter. */
  model: z.string(model).min(1, model).pipe(text(300)),
  temperature: z.number(temperature).min(0, temperature).max(2, temperature).nullish(),
  top_p: z.number(topP).gt(0, topP).max(1, topP).nullish(),
  n: z.int(choices).min(1, choices).max(MOST_CHOICES, choices).nullish(),
  /** Equal seeds give equal answers; a random one unless given. */
  seed: z.int(seed).min(0, seed).nullish(),
  stop: z.union([stopText, z.array(stopText).max(MOST_STOPS)], stops).nullish(),
  stream: z.boolean(flag).nullish(),
  stream_options: z
    .strictObject(
      {
        include_usage: z.boolean(flag).nullish(),
        include_obfuscation: neutral(z.literal(false), 'is not done here: leave it out'),
      },
      streamOptions,
    )
    .nullish(),
  max_tokens: z.int(newTokens).min(1, newTokens).max(MOST_NEW_TOKENS, newTokens).nullish(),
  /** Who the client asks for; nobody reads it. */
  user: z.string(user).max(LONGEST_USER, user).nullish(),
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
    messages: z
      .array(message, must('a list of messages, each with a role and its content'))
      .min(1, 'needs at least one message')
      .max(MOST_MESSAGES, `may hold ${MOST_MESSAGES} messages: leave out the oldest`),
    max_completion_tokens: z.int(newTokens).min(1, newTokens).max(MOST_NEW_TOKENS, newTokens).nullish(),
    logprobs: z.boolean(flag).nullish(),
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

/** What a refusal says in the form of the OpenAI API. */
export const completionRefusal = z.object({
  error: z.object({ message: z.string(), code: z.string().nullish() }),
});

/** A part of a streamed answer, or why it ends here. */
export const completionPart = z.union([
  completionRefusal,
  z.object({
    choices: z.array(
      z.object({
        text: z.string().optional(),
        delta: z.object({ content: z.string().nullish() }).optional(),
      }),
    ),
  }),
]);

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
    unrecorded: 'changes nothing',
    path: '/v1/chat/completions',
    tag: 'models',
    summary:
      'Answer a conversation by a model that a runner serves, in the form of the OpenAI API, streamed or whole',
    scopes: ['admin', 'client'],
    body: chatCompletionRequest,
    maximumBytes: MAXIMUM_COMPLETION_BYTES,
    status: 200,
    /** Events where `stream` asks for them. */
    response: { mediaType: 'application/json', otherTypes: ['text/event-stream'] },
  },
  createCompletion: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/completions',
    tag: 'models',
    summary:
      'Go on with a text by a model that a runner serves, in the form of the OpenAI API, streamed or whole',
    scopes: ['admin', 'client'],
    body: completionRequest,
    maximumBytes: MAXIMUM_COMPLETION_BYTES,
    status: 200,
    /** Events where `stream` asks for them. */
    response: { mediaType: 'application/json', otherTypes: ['text/event-stream'] },
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
