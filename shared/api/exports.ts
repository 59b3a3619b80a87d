/** The contract of exports: an experiment's adapter in the form of another program, as one zip. */
import { z } from 'zod';
import { ADAPTER_FORMS } from '../export/forms.ts';
import { defineEndpoints } from './endpoint.ts';
import { identifier, text } from './fields.ts';
import { sha256 } from './sha256.ts';

export const exportEndpoints = defineEndpoints({
  exportAdapter: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/export',
    tag: 'experiments',
    summary: "Get an experiment's adapter with its model card as a zip, for PEFT or llama.cpp",
    scopes: ['admin', 'client'],
    parameters: z.strictObject({ experimentId: identifier }),
    query: z.strictObject({
      /** Forms that hold the base's weights are written where the base lies, by `rlcd export`. */
      to: z.enum(ADAPTER_FORMS),
      /** The stage whose adapter leaves; the final policy's unless given. */
      stage: text(100).optional(),
      /** An adapter of the experiment by its hash. */
      artifact: sha256.optional(),
    }),
    status: 200,
    response: { mediaType: 'application/zip' },
  },
});
