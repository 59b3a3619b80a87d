/** RFC 9457 problem documents: the one form of every error. */
import { z } from 'zod';

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
