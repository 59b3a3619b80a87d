/** A request in OpenAI's form as a job for the sampler. */
import { randomInt, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import {
  type ChatCompletionRequest,
  chatCompletionRequest,
  type CompletionRequest,
  completionRequest,
} from '../../shared/api/completions.ts';
import { likelihoodRequest } from '../../shared/api/likelihoods.ts';
import { firstIssue } from '../../shared/first-issue.ts';
import type { Operation } from './answers.ts';
import { RequestRefusedError } from './openai-error.ts';
import type { ReadingJob, SamplingJob } from './sampling-calls.ts';

/** A request, checked. */
export interface ReadRequest {
  readonly operation: Operation;
  readonly model: string;
  readonly job: Omit<SamplingJob, 'model'>;
  readonly streams: boolean;
  readonly withUsage: boolean;
  readonly withLogprobs: boolean;
}

/** @throws RequestRefusedError 400 naming the first parameter that is wrong or not done here */
export function readRequest(operation: Operation, body: unknown): ReadRequest {
  return operation === 'chat'
    ? readChat(check(chatCompletionRequest, body))
    : readCompletion(check(completionRequest, body));
}

/** @throws RequestRefusedError 400 naming the first parameter that is wrong */
export function readLikelihood(body: unknown): Omit<ReadingJob, 'model'> & { readonly model: string } {
  const { model, prompt, messages, answer } = check(likelihoodRequest, body);
  return {
    model,
    answer,
    prompt: messages === undefined ? { text: prompt ?? '' } : { messages: messages.map(spoken) },
  };
}

function check<Form extends z.ZodType>(form: Form, body: unknown): z.output<Form> {
  const parsed = form.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const parameter = [...issue.path, key].join('.');
    throw new RequestRefusedError(400, 'unsupported-parameter', `${parameter} is not done here`, {
      cure: 'Leave it out',
      parameter,
    });
  }
  const { field, fault } = firstIssue(parsed.error);
  throw new RequestRefusedError(400, 'bad-input', `${field === '' ? 'the body' : field}: ${fault}`, {
    parameter: field === '' ? null : field,
  });
}

type Shared = ChatCompletionRequest | CompletionRequest;

function settings(request: Shared, limit: number | null | undefined) {
  const { n, seed, temperature, top_p: topP, stop } = request;
  return {
    id: randomUUID(),
    choices: n ?? 1,
    maximumNewTokens: limit ?? request.max_tokens ?? null,
    seed: seed ?? randomInt(2 ** 47),
    temperature: temperature ?? 1,
    topP: topP ?? 1,
    stops: typeof stop === 'string' ? [stop] : (stop ?? []),
  };
}

function spoken({ role, content }: ChatCompletionRequest['messages'][number]) {
  return {
    role: role === 'developer' ? ('system' as const) : role,
    content: typeof content === 'string' ? content : content.map(({ text }) => text).join(''),
  };
}

function readChat(request: ChatCompletionRequest): ReadRequest {
  const messages = request.messages.map(spoken);
  return {
    operation: 'chat',
    model: request.model,
    job: { ...settings(request, request.max_completion_tokens), prompt: { messages } },
    streams: request.stream === true,
    withUsage: request.stream_options?.include_usage === true,
    withLogprobs: request.logprobs === true,
  };
}

function readCompletion(request: CompletionRequest): ReadRequest {
  const { prompt } = request;
  return {
    operation: 'text',
    model: request.model,
    job: {
      ...settings(request, null),
      prompt: { text: typeof prompt === 'string' ? prompt : (prompt[0] ?? '') },
    },
    streams: request.stream === true,
    withUsage: request.stream_options?.include_usage === true,
    withLogprobs: request.logprobs === 0,
  };
}
