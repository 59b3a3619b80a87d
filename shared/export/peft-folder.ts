/** An adapter as the two files that PEFT loads. */
import { safetensorsHeader } from '../safetensors/encode.ts';
import { type AdapterSource, type Heads, readInOrder } from './adapter-source.ts';
import { jsonFile, type ExportFile } from './export-file.ts';

/**
 * adapter_config.json and adapter_model.safetensors. Rows stand as Hugging Face's models turn them, so that the adapter
 * of a llama2.c base fits the base as it is exported, too.
 *
 * @param location hub id or path of the base, for `base_model_name_or_path`
 */
export function peftFolder(adapter: AdapterSource, location: string, heads: Heads): ExportFile[] {
  const header = safetensorsHeader(adapter.entries, { format: 'pt' });
  return [
    jsonFile('adapter_config.json', { ...adapter.config, base_model_name_or_path: location }),
    {
      name: 'adapter_model.safetensors',
      async *chunks() {
        yield header;
        for (const entry of adapter.entries) yield await readInOrder(adapter, entry, heads, 'half');
      },
    },
  ];
}
