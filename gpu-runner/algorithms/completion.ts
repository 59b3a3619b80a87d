/** One generated response to one prompt of a split, as stages hand it on (a line of completions JSONL). */
import type { z } from 'zod';
import type { completionLine } from '../../shared/api/tasks/generate.ts';

export type Completion = z.infer<typeof completionLine>;
