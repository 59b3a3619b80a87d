/** The contract of principles: immutable versions, movable labels, and the difference of two versions. */
import { z } from 'zod';

/** One pair of affixes that make the two sides of a contrast, and how a scorer is asked about it. */
const affixPair = z.strictObject({
  positive: z.string().min(1).max(2000),
  negative: z.string().min(1).max(2000),
  scoringInstruction: z.string().min(1).max(2000).optional(),
});

export const principleDefinition = z.strictObject({
  description: z.string().min(1).max(4000),
  affixPairs: z.array(affixPair).min(1).max(64),
});
export type PrincipleDefinition = z.infer<typeof principleDefinition>;
