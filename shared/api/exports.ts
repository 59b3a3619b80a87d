/** The contract of exports: an experiment's model in the form of another program, as one zip. */
import { z } from 'zod';
import { exportForm, quantisation } from '../export/forms.ts';
import { defineEndpoints } from './endpoint.ts';
import { identifier, text } from './fields.ts';
import { sha256 } from './sha256.ts';
import { taskView } from './tasks.ts';

/** What is answered while a runner makes the files: ask again after as many seconds as `Retry-After` says. */
export const exportPending = z
  .object({
    taskId: identifier.describe('The task'),
    ...taskView.pick({ status: true, waitsFor: true, progress: true }).shape,
  })
  .meta({ id: 'ExportPending', description: 'An export that a runner is making' });

export const exportEndpoints = defineEndpoints({
  exportAdapter: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/export',
    tag: 'experiments',
    summary: "Get an experiment's adapter, or its base with it merged, with a model card as a zip",
    scopes: ['admin', 'client'],
    parameters: z.strictObject({ experimentId: identifier.describe('The experiment, by its id') }),
    query: z.strictObject({
      to: exportForm.describe(
        "Forms with the base's weights are made by a runner, after the first request for them",
      ),
      quantise: quantisation
        .optional()
        .describe('Numbers of a GGUF of the whole model, 8 bits in blocks of 32 unless given'),
      stage: text(100)
        .optional()
        .describe(
          "The stage whose adapter leaves, the final policy's unless given; `base` for the base alone",
        ),
      artifact: sha256.optional().describe('An adapter of the experiment by its hash'),
    }),
    refuses: ['artifact-damaged', 'conflict', 'no-room', 'not-found'],
    status: 200,
    response: { mediaType: 'application/zip' },
    pending: exportPending,
  },
});
