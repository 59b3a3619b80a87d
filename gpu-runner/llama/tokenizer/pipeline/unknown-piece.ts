/** The refusal of a piece of a tokenizer.json that is not known: other ids would be worse than none. */
import { z } from 'zod';

const typeSchema = z.looseObject({ type: z.string() });

/** For a union by `type`. */
export const refusal = {
  error: ({ input }: { readonly input?: unknown }): string => {
    const found = typeSchema.safeParse(input).data?.type.slice(0, 40);
    return found === undefined ? 'has no type' : `is ${JSON.stringify(found)}, which is not known here`;
  },
};
