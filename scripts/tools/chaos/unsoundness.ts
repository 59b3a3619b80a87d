/** How bad the edge's disk and clock are: what its starter tells it, and it obeys. */
import { z } from 'zod';

export const unsoundness = z.object({
  /** Whether writes find no room. */
  isDiskFull: z.boolean().default(false),
  /** How long each write to a file and each commit takes beside its own time. */
  writeMilliseconds: z.number().min(0).default(0),
  /** What the clock shows beside the right time, in milliseconds. */
  clockAhead: z.number().default(0),
});
export type Unsoundness = z.output<typeof unsoundness>;
