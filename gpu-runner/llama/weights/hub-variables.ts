/** What a person may set for the Hugging Face hub. */
import { z } from 'zod';

export const HUB_VARIABLES = {
  HF_TOKEN: {
    help: "token for private and gated models of the Hugging Face hub; sent to the hub's own host only",
    schema: z.string().optional(),
  },
} as const;
