/** The files of a model in the forms that need the base's weights. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExportFile } from '../../shared/export/export-file.ts';
import type { ModelForm, Quantisation } from '../../shared/export/forms.ts';
import { exists } from '../files/files.ts';
import type { Adapter } from '../llama/model/adapter.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import { ggufModel } from './gguf-model.ts';
import { mergedFolder } from './merged-folder.ts';
import { modelfile } from './modelfile.ts';

export interface ModelExport {
  readonly form: ModelForm;
  readonly quantisation: Quantisation;
  /** What the file calls itself. */
  readonly name: string;
}

/** @param adapter null for the base alone @throws ExportError, ModelFileError */
export async function modelFiles(
  model: ImportedModel,
  adapter: Adapter | null,
  { form, quantisation, name }: ModelExport,
): Promise<ExportFile[]> {
  if (form === 'merged') return await mergedFolder(model, adapter);
  const template = path.join(model.base.folder, 'chat_template.jinja');
  const chatTemplate = (await exists(template)) ? await readFile(template, 'utf8') : null;
  const gguf = await ggufModel(model, adapter, { name, quantisation, chatTemplate });
  return form === 'gguf' ? [gguf] : [modelfile(gguf.name, chatTemplate), gguf];
}
