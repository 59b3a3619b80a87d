/** RFC 9457 problem documents: the one form of every error, and every kind there is. */
import { z } from 'zod';

/** Every kind of problem by its code: its status, and what it is in words. */
export const PROBLEMS = {
  'invalid-request': [400, 'The request is not valid'],
  'malformed-json': [400, 'The body is not JSON'],
  'incomplete-body': [400, 'The body ended early'],
  unauthorized: [401, 'A valid key is needed'],
  forbidden: [403, 'The key may not do this'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'The method is not allowed here'],
  'artifact-damaged': [410, 'The bytes of the artifact are gone'],
  'quota-exceeded': [409, 'The key has as much as it may have'],
  conflict: [409, 'The request does not fit the present state'],
  'lease-lost': [409, 'The lease of the task is lost'],
  'report-out-of-order': [409, 'A report before this one is missing'],
  'too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The media type is not supported'],
  'range-not-satisfiable': [416, 'The range lies outside the bytes'],
  'idempotency-mismatch': [422, 'The idempotency key was used for another request'],
  'too-many-requests': [429, 'Too many requests'],
  internal: [500, 'The edge failed'],
  'not-served': [503, 'No runner serves this'],
  'no-room': [507, 'The edge has no room left'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;
export type ProblemCode = keyof typeof PROBLEMS;

export const problem = z
  .object({
    type: z.string().describe('`urn:rlcd:problem:<code>`: stable, for programs'),
    title: z.string().describe('The kind of problem, for people'),
    status: z.int().describe('How far it is'),
    detail: z.string().describe('For people: what is wrong and what to do about it'),
    errors: z
      .array(
        z.object({
          in: z.enum(['body', 'query', 'path', 'header']).describe('Where in the request'),
          pointer: z
            .string()
            .describe("A JSON pointer in the body (`#/affixPairs/0/positive`), else the parameter's name"),
          detail: z.string().describe('What is wrong there'),
        }),
      )
      .optional()
      .describe('Which part of the request is wrong'),
    error: z
      .object({
        message: z.string().describe('For people: what happened'),
        type: z.string().describe('The kind of problem'),
        code: z.string().describe('For programs: a word in kebab case'),
        param: z.string().nullable().describe('The field that is wrong'),
      })
      .optional()
      .describe('On the paths of the OpenAI API: the same, as its clients read it'),
  })
  .meta({ id: 'Problem', description: 'What is wrong with a request, and what to do about it (RFC 9457)' });
export type Problem = z.infer<typeof problem>;
