/** What a person may set for the Hugging Face hub. */
import { z } from 'zod';
import { apiKey } from '../../../shared/read-variables.ts';

export const HUB_VARIABLES = {
  HF_ENDPOINT: {
    help: 'address of the hub or of a mirror of it; https://huggingface.co if not set',
    schema: z
      .url({ protocol: /^https?$/, error: 'needs an address such as https://huggingface.co' })
      .refine((text) => !text.includes('@'), 'needs an address without a name or password; use HF_TOKEN')
      .default('https://huggingface.co'),
  },
  HF_TOKEN: {
    help: "token for private and gated models; sent to the hub's own host only, by https or on this machine",
    schema: apiKey.optional(),
  },
  RLCD_DOWNLOAD_LIMIT_GB: {
    help: 'largest model that is fetched from the hub, in gigabytes; 50 if not set',
    schema: z.coerce.number('needs a number of gigabytes').positive('needs a number above 0').default(50),
  },
} as const;
