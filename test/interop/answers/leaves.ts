/** What leaves of a model and an adapter, each form as its program loads it. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { exportFacts } from '../../../gpu-runner/export/facts.ts';
import { ggufModel } from '../../../gpu-runner/export/gguf-model.ts';
import { mergedFolder } from '../../../gpu-runner/export/merged-folder.ts';
import { writeFiles } from '../../../gpu-runner/export/write-files.ts';
import type { ImportedModel } from '../../../gpu-runner/llama/weights/import-model.ts';
import type { ExportFile } from '../../../shared/export/export-file.ts';
import type { Quantisation } from '../../../shared/export/forms.ts';
import { ggufLora } from '../../../shared/export/gguf/lora.ts';
import { peftFolder } from '../../../shared/export/peft-folder.ts';
import type { MadeUpAdapter } from '../adapted.ts';

/** A call of Python but for the texts that it scores. */
interface Call {
  readonly module: string;
  readonly args: Readonly<Record<string, string | null>>;
}

export interface Form {
  readonly name: string;
  readonly needsLlamaCpp: boolean;
  /** Whether its numbers are the base's, rather than those of the model that it is put on. */
  readonly holdsBase: boolean;
  /**
   * Writes it into an empty folder.
   *
   * @param location where the model was opened: a Hugging Face folder or a GGUF file
   */
  readonly write: (
    model: ImportedModel,
    made: MadeUpAdapter,
    folder: string,
    location: string,
  ) => Promise<Call>;
}

const put = async (folder: string, files: readonly ExportFile[]): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFiles(folder, files, () => {});
};

function gguf(name: string, quantisation: Quantisation): Form {
  return {
    name,
    needsLlamaCpp: true,
    holdsBase: true,
    write: async (model, { adapter }, folder) => {
      const file = await ggufModel(model, adapter, { name: 'merged', quantisation, chatTemplate: null });
      await put(folder, [file]);
      return { module: 'llama_cpp_model', args: { file: path.join(folder, file.name), lora: null } };
    },
  };
}

export const forms: readonly Form[] = [
  {
    name: 'PEFT',
    needsLlamaCpp: false,
    holdsBase: false,
    write: async (model, { source }, folder, location) => {
      const facts = await exportFacts(model, location);
      await put(folder, peftFolder(source, { ...model.architecture, ...facts }));
      return { module: 'exported', args: { folder: location, adapter: folder } };
    },
  },
  {
    name: 'merged',
    needsLlamaCpp: false,
    holdsBase: true,
    write: async (model, { adapter }, folder) => {
      await put(folder, await mergedFolder(model, adapter));
      return { module: 'exported', args: { folder, adapter: null } };
    },
  },
  gguf('GGUF F16', 'f16'),
  gguf('GGUF Q8_0', 'q8_0'),
  {
    name: 'GGUF LoRA',
    needsLlamaCpp: true,
    holdsBase: true,
    write: async (model, { source }, folder, location) => {
      const base = await ggufModel(model, null, { name: 'base', quantisation: 'f16', chatTemplate: null });
      const { ggufArchitecture } = await exportFacts(model, location);
      const lora = ggufLora(source, ggufArchitecture ?? '', model.architecture, 'adapter');
      await put(folder, [base, lora]);
      return {
        module: 'llama_cpp_model',
        args: { file: path.join(folder, base.name), lora: path.join(folder, lora.name) },
      };
    },
  },
];
