/** An adapter as the two files that PEFT loads. */
import { safetensorsHeader } from '../safetensors/encode.ts';
import type { AdapterSource } from './adapter-source.ts';
import type { BaseFacts } from './base-facts.ts';
import { jsonFile, type ExportFile } from './export-file.ts';
import { fusedConfig, peftTensors } from './peft-tensors.ts';

/**
 * adapter_config.json and adapter_model.safetensors. Rows stand as Hugging Face's models turn them, so that the adapter
 * of a llama2.c base fits the base as it is exported, too.
 */
export function peftFolder(
  adapter: AdapterSource,
  base: Pick<BaseFacts, 'location' | 'modelType' | 'heads' | 'keyValueHeads'>,
): ExportFile[] {
  const { location, modelType } = base;
  const tensors = peftTensors(adapter, base, modelType);
  const header = safetensorsHeader(tensors, { format: 'pt' });
  const config = {
    ...adapter.config,
    ...fusedConfig(adapter, modelType),
    base_model_name_or_path: location,
  };
  return [
    jsonFile('adapter_config.json', config),
    {
      name: 'adapter_model.safetensors',
      async *chunks() {
        yield header;
        for (const { bytes } of tensors) yield await bytes();
      },
    },
  ];
}
