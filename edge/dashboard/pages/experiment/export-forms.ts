/** The forms in which a model leaves, as the page offers them, and how one that a runner makes is waited for. */
import type { z } from 'zod';
import type { Client } from '../../../../shared/api/client.ts';
import { exportPending } from '../../../../shared/api/exports.ts';
import type { ExportForm } from '../../../../shared/export/forms.ts';

export type Pending = z.output<typeof exportPending>;

export const FORMS: readonly { readonly form: ExportForm; readonly name: string; readonly about: string }[] =
  [
    { form: 'peft', name: 'PEFT', about: 'the adapter, for transformers' },
    { form: 'gguf-lora', name: 'GGUF LoRA', about: 'the adapter, for llama.cpp' },
    { form: 'merged', name: 'Merged', about: 'the whole model, for transformers' },
    { form: 'gguf', name: 'GGUF', about: 'the whole model in 8 bits, for llama.cpp' },
    { form: 'ollama', name: 'Ollama', about: 'the same with a Modelfile' },
  ];

/** The zip, asked for until it is there. @param onPending what is said meanwhile */
export async function askForExport(
  client: Client,
  input: { readonly experimentId: string; readonly to: ExportForm },
  signal: AbortSignal,
  onPending: (pending: Pending) => void,
): Promise<Response> {
  const { experimentId, to } = input;
  for (;;) {
    const response = await client.exportAdapter({ parameters: { experimentId }, query: { to } }, { signal });
    if (response.status !== 202) return response;
    onPending(exportPending.parse(await response.json()));
    await pause(1000 * Number(response.headers.get('retry-after') ?? 3), signal);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
