/** Writes a model or an adapter into a folder, in a form that other programs open. */
import { readFile } from 'node:fs/promises';
import { adapterFiles } from '../../shared/export/adapter-files.ts';
import { adapterSourceOf } from '../../shared/export/adapter-source.ts';
import type { ExportFile } from '../../shared/export/export-file.ts';
import { ExportError } from '../../shared/export/export-error.ts';
import { isAdapterForm } from '../../shared/export/forms.ts';
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { gigabytes } from '../../shared/planner/plan.ts';
import { modelFiles } from '../export/model-files.ts';
import { writeFiles } from '../export/write-files.ts';
import { readAdapterArtifact } from '../tasks/adapter-artifact.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';

/** A line at each of so many bytes. */
const TELL_EVERY = 250e6;

/** @throws ExportError, ModelFileError */
export async function exportModel(question: QuestionOf<'export-model'>): Promise<AnswerOf<'export-model'>> {
  let told = 0;
  await writeFiles(question.folder, await filesOf(question), (file, bytes) => {
    if (bytes < told) told = 0;
    if (bytes - told < TELL_EVERY) return;
    told = bytes;
    console.error(`${file}: ${gigabytes(bytes)} written`);
  });
  return {};
}

async function filesOf(question: QuestionOf<'export-model'>): Promise<ExportFile[]> {
  const { source, cache, form, quantisation, name, adapterFile, facts } = question;
  const bytes = adapterFile === null ? null : await readFile(adapterFile);
  if (isAdapterForm(form)) {
    if (bytes === null)
      throw new ExportError('the base alone has no adapter', { cure: 'Ask for merged or gguf' });
    return adapterFiles(form, await adapterSourceOf(bytes), facts, name);
  }
  const model = await openBaseModel(source, cache);
  const adapter = bytes === null ? null : await readAdapterArtifact(bytes, model.architecture, 'the adapter');
  return await modelFiles(model, adapter, { form, quantisation, name });
}
