/** Export: a model's files in the form of another program, made where the base's weights lie. It belongs to no stage. */
import { z } from 'zod';
import { modelForm, quantisation } from '../../export/forms.ts';

/** Input: `adapter`; none for the base alone. Outputs: one for each file. */
export const exportParameters = z.strictObject({
  form: modelForm.describe('The form of the files'),
  quantisation: quantisation.nullable().describe('Numbers of a GGUF; null where the form has none'),
  name: z.string().min(1).max(1000).describe('What the files call the model'),
});

export const exportResult = z.strictObject({
  files: z
    .array(
      z.strictObject({
        output: z.string().max(100).describe("Name of the task's output"),
        name: z
          .string()
          .regex(/^[\w][\w.-]{0,199}$/)
          .describe('Name of the file'),
      }),
    )
    .min(1)
    .max(500)
    .describe('In the order in which they are written'),
});
