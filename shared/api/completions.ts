/** What a client asks of a model that a runner serves: OpenAI's chat completions and completions, as far as they are done. */
import { z } from 'zod';
import { chatCompletion, textCompletion } from './completion-answers.ts';
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
    if (Number.isNaN(input)) return `is no number: it must be ${be}`;
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
  model: z.string(model).min(1, model).pipe(text(300)).describe("A base model's name, or EXPERIMENT/adapter"),
  temperature: z
    .number(temperature)
    .min(0, temperature)
    .max(2, temperature)
    .nullish()
    .describe('0: always the likeliest token; 1 unless given'),
  top_p: z
    .number(topP)
    .gt(0, topP)
    .max(1, topP)
    .nullish()
    .describe('Only the likeliest tokens that reach this probability together; 1 unless given'),
  n: z
    .int(choices)
    .min(1, choices)
    .max(MOST_CHOICES, choices)
    .nullish()
    .describe('Answers to the request; 1 unless given'),
  seed: z
    .int(seed)
    .min(0, seed)
    .nullish()
    .describe('Equal seeds give equal answers; a random one unless given'),
  stop: z
    .union([stopText, z.array(stopText).max(MOST_STOPS)], stops)
    .nullish()
    .describe('Texts that end an answer'),
  stream: z
    .boolean(flag)
    .nullish()
    .describe('Whether the answer comes as server-sent events while it is written'),
  stream_options: z
    .strictObject(
      {
        include_usage: z.boolean(flag).nullish().describe('Whether the last part counts the tokens'),
        include_obfuscation: neutral(z.literal(false), 'is not done here: leave it out').describe(
          'Not done here: false or left out',
        ),
      },
      streamOptions,
    )
    .nullish()
    .describe('What a streamed answer tells besides'),
  max_tokens: z
    .int(newTokens)
    .min(1, newTokens)
    .max(MOST_NEW_TOKENS, newTokens)
    .nullish()
    .describe('Most tokens of the answer; what the context holds unless given'),
  user: z.string(user).max(LONGEST_USER, user).nullish().describe('Who the client asks for; nobody reads it'),
  frequency_penalty: neutral(z.literal(0), 'penalties are not done here: leave it out').describe(
    'Not done here: 0 or left out',
  ),
  presence_penalty: neutral(z.literal(0), 'penalties are not done here: leave it out').describe(
    'Not done here: 0 or left out',
  ),
  logit_bias: neutral(nothing, 'a bias of logits is not done here: leave it out').describe(
    'Not done here: empty or left out',
  ),
};

const part = z.strictObject({
  type: z
    .literal('text', 'only text is read here: send parts of the type text')
    .describe('Text is all that is read'),
  text: z.string().describe('The text'),
});

const message = z.strictObject({
  role: z
    .enum(['system', 'developer', 'user', 'assistant'], {
      error: 'must be system, developer (read as system), user or assistant',
    })
    .describe('Who says it; `developer` is read as `system`'),
  content: z
    .union([z.string(), z.array(part).max(100)], {
      error: 'must be a text or a list of parts of the type text',
    })
    .describe('What is said'),
});

export const chatCompletionRequest = z
  .strictObject({
    ...shared,
    messages: z
      .array(message, must('a list of messages, each with a role and its content'))
      .min(1, 'needs at least one message')
      .max(MOST_MESSAGES, `may hold ${MOST_MESSAGES} messages: leave out the oldest`)
      .describe('The conversation, the oldest message first'),
    max_completion_tokens: z
      .int(newTokens)
      .min(1, newTokens)
      .max(MOST_NEW_TOKENS, newTokens)
      .nullish()
      .describe('As `max_tokens`, which it wins over'),
    logprobs: z.boolean(flag).nullish().describe("Whether the drawn tokens' log-probabilities are told"),
    top_logprobs: neutral(
      z.literal(0),
      "only the drawn token's log-probability is kept: leave top_logprobs out, logprobs alone is done",
    ).describe('Not done here: 0 or left out'),
    tools: neutral(nothing, 'tools are not done here: leave them out').describe(
      'Not done here: empty or left out',
    ),
    tool_choice: neutral(z.enum(['none', 'auto']), 'tools are not done here: leave it out').describe(
      'Not done here: `none`, `auto` or left out',
    ),
    response_format: neutral(
      z.strictObject({ type: z.literal('text').describe('Text is all that is read') }),
      'only text is answered here: leave it out',
    ).describe('Not done here: text or left out'),
  })
  .meta({ id: 'ChatCompletionRequest', description: 'A conversation to be answered, as in the OpenAI API' });
export type ChatCompletionRequest = z.output<typeof chatCompletionRequest>;

export const completionRequest = z
  .strictObject({
    ...shared,
    prompt: z
      .union([z.string(), z.array(z.string()).length(1)], {
        error: 'must be one text (lists of texts and of token ids are not done here)',
      })
      .describe('The text to go on with'),
    logprobs: z
      .literal(0, "only the drawn token's log-probability is kept: ask for logprobs 0, or leave it out")
      .nullish()
      .describe("0 asks for the drawn tokens' log-probabilities"),
    echo: neutral(z.literal(false), 'is not done here: leave it out').describe(
      'Not done here: false or left out',
    ),
    suffix: neutral(z.literal(''), 'is not done here: leave it out').describe(
      'Not done here: empty or left out',
    ),
    best_of: neutral(z.literal(1), 'is not done here: leave it out, or ask for n').describe(
      'Not done here: 1 or left out',
    ),
  })
  .meta({ id: 'CompletionRequest', description: 'A text to go on with, as in the OpenAI API' });
export type CompletionRequest = z.output<typeof completionRequest>;

/** What a refusal says in the form of the OpenAI API. */
export const completionRefusal = z
  .object({
    error: z
      .object({
        message: z.string().describe('What is wrong'),
        code: z.string().nullish().describe('A word for programs'),
      })
      .describe('Why the answer ends here'),
  })
  .meta({ id: 'CompletionRefusal', description: 'Why a runner does not answer, as in the OpenAI API' });

/** Every status of a refusal by who serves models. */
export const SERVING_REFUSALS = [400, 401, 404, 413, 428, 429, 500, 503] as const;

/** Of these, what a client sees: the edge itself gives a runner the adapter that it lacks (428). */
export const handedOn = {
  statuses: SERVING_REFUSALS.filter((status) => status !== 428),
  refusal: completionRefusal,
};

/** Of a text side by side, of a chat token by token. */
const drawnTokens = z.object({
  tokens: z.array(z.string()).optional().describe("The drawn tokens' texts"),
  token_logprobs: z.array(z.number()).optional().describe('The log-probability of each, in nats'),
  content: z
    .array(
      z.object({
        token: z.string().describe("The token's text"),
        logprob: z.number().describe('Its log-probability, in nats'),
      }),
    )
    .nullish()
    .describe('The drawn tokens of a chat'),
});

/** A part of a streamed answer, or why it ends here. */
export const completionPart = z.union([
  completionRefusal,
  z.object({
    choices: z
      .array(
        z.object({
          text: z.string().optional().describe('The text'),
          delta: z
            .object({ content: z.string().nullish().describe('What is said') })
            .optional()
            .describe('What is new of a streamed message'),
          logprobs: drawnTokens.nullish().describe('Of its tokens, where they were asked for'),
        }),
      )
      .describe('The answers'),
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
    refuses: ['artifact-damaged', 'not-found', 'not-served'],
    handedOn,
    status: 200,
    /** Events where `stream` asks for them. */
    response: {
      mediaType: 'application/json',
      otherTypes: ['text/event-stream'],
      forms: { 'application/json': chatCompletion },
    },
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
    refuses: ['artifact-damaged', 'not-found', 'not-served'],
    handedOn,
    status: 200,
    /** Events where `stream` asks for them. */
    response: {
      mediaType: 'application/json',
      otherTypes: ['text/event-stream'],
      forms: { 'application/json': textCompletion },
    },
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
      object: z.literal('list').describe('What kind of document this is, as in the OpenAI API'),
      data: z
        .array(
          z.object({
            id: z.string().describe("A base model's name, or EXPERIMENT/adapter"),
            object: z.literal('model').describe('What kind of document this is, as in the OpenAI API'),
            created: z.int().describe('Seconds since the epoch'),
            owned_by: z.string().describe('Who serves it'),
          }),
        )
        .describe('The models, the newest first'),
    }),
  },
});
