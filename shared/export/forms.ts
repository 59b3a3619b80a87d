/** The forms in which a model leaves, and what each is made of. */
import { z } from 'zod';

/** Made from the adapter's bytes alone. */
const ADAPTER_FORMS = ['peft', 'gguf-lora'] as const;
/** Made from the base's weights, which runners alone have. */
const MODEL_FORMS = ['merged', 'gguf', 'ollama'] as const;
export const EXPORT_FORMS = [...ADAPTER_FORMS, ...MODEL_FORMS] as const;

export const exportForm = z.enum(EXPORT_FORMS);
export type ExportForm = z.output<typeof exportForm>;
export type AdapterForm = (typeof ADAPTER_FORMS)[number];
export const modelForm = z.enum(MODEL_FORMS);
export type ModelForm = z.output<typeof modelForm>;

export const quantisation = z.enum(['q8_0', 'f16']);
export type Quantisation = z.output<typeof quantisation>;

export function isAdapterForm(form: ExportForm): form is AdapterForm {
  return ADAPTER_FORMS.some((one) => one === form);
}
