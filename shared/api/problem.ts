/** RFC 9457 problem documents: the one form of every error. */
import { z } from 'zod';

export const problem = z
  .object({
    /** `urn:rlcd:problem:<code>`: stable, for programs. */
    type: z.string(),
    title: z.string(),
    status: z.int(),
    /** For people: what is wrong and what to do about it. */
    detail: z.string(),
    /** Which part of the request is wrong. */
    errors: z
      .array(
        z.object({
          in: z.enum(['body', 'query', 'path', 'header']),
          /** A JSON pointer in the body (`#/affixPairs/0/positive`), else the parameter's name. */
          pointer: z.string(),
          detail: z.string(),
        }),
      )
      .optional(),
    /** On the paths of the OpenAI API: the same, as its clients read it. */
    error: z
      .object({ message: z.string(), type: z.string(), code: z.string(), param: z.string().nullable() })
      .optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;
