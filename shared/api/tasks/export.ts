/** Export: a model's files in the form of another program, made where the base's weights lie. It belongs to no stage. */
import { z } from 'zod';
import { modelForm, quantisation } from '../../export/forms.ts';

/** Input: `adapter`; none for the base alone. Outputs: one for each file. */
export const exportParameters = z.strictObject({
  form: modelForm,
  /** Numbers of a GGUF; null where the form has none. */
  quantisation: quantisation.nullable(),
  /** What the files call the model. */
  name: z.string().min(1).max(1000),
});

export const exportResult = z.strictObject({
  /** In the order in which they are written. */
  files: z
    .array(z.strictObject({ output: z.string().max(100), name: z.string().regex(/^[\w][\w.-]{0,199}$/) }))
    .min(1)
    .max(500),
});
