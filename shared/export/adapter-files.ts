/** The files of an adapter, in the forms that need no weights of the base. */
import type { AdapterSource } from './adapter-source.ts';
import type { BaseFacts } from './base-facts.ts';
import { ExportError } from './export-error.ts';
import type { ExportFile } from './export-file.ts';
import type { AdapterForm } from './forms.ts';
import { ggufLora } from './gguf/lora.ts';
import { peftFolder } from './peft-folder.ts';

/** @throws ExportError where the base has no name in llama.cpp, or the adapter is a preference model */
export function adapterFiles(
  form: AdapterForm,
  adapter: AdapterSource,
  facts: BaseFacts,
  name: string,
): ExportFile[] {
  if (form === 'peft') return peftFolder(adapter, facts);
  if (facts.ggufArchitecture === null) {
    throw new ExportError("llama.cpp's name for the base model's family is not known", {
      cure: 'Ask for peft, or register the base model again (npx rlcd runner --describe-model SOURCE)',
    });
  }
  return [ggufLora(adapter, facts.ggufArchitecture, facts, name)];
}
