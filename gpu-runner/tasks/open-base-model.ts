/** The base model that a task names, opened and proved to be the one that the edge means. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import { gigabytes } from '../../shared/planner/plan.ts';
import { hashFile } from '../files/files.ts';
import { exportFacts } from '../export/facts.ts';
import { type ImportedModel, importModel } from '../llama/weights/import-model.ts';
import { parameterCount } from '../../shared/planner/model-bytes.ts';
import { TOKENIZER_FILE } from '../llama/tokenizer/companions.ts';
import { TaskInputError } from './task-context.ts';

/** What `bundled` stands for. */
const BUNDLED_MODEL = fileURLToPath(new URL('../models/stories', import.meta.url));

/** SHA-256 over the 8-bit weights and the tokenizer: what tells base models apart, whatever they were converted from. */
async function modelHash({ base }: ImportedModel): Promise<string> {
  const tokenizer = await hashFile(path.join(base.folder, TOKENIZER_FILE));
  return createHash('sha256').update(`${base.sha256}\n${tokenizer}\n`).digest('hex');
}

/** Opens a model by source: `bundled`, a path or a hub id. @throws ModelFileError */
export async function openBaseModel(source: string, cacheDirectory: string): Promise<ImportedModel> {
  let told = '';
  return await importModel(source === 'bundled' ? BUNDLED_MODEL : source, {
    cacheDirectory,
    onProgress: ({ file, bytes, ofBytes }) => {
      if (ofBytes === null) return;
      const line = `${file}: ${Math.floor((10 * bytes) / ofBytes) * 10} % of ${gigabytes(ofBytes)}`;
      if (line !== told) console.error(line);
      told = line;
    },
  });
}

/**
 * Opens the model of a task.
 *
 * @throws TaskInputError if this machine's copy is another model; ModelFileError if it cannot be opened
 */
export async function openTaskModel(
  { name, source, weightsSha256 }: Pick<ClaimedTask['baseModel'], 'name' | 'source' | 'weightsSha256'>,
  cacheDirectory: string,
): Promise<ImportedModel> {
  const model = await openBaseModel(source, cacheDirectory);
  const hash = await modelHash(model);
  if (hash === weightsSha256) return model;
  throw new TaskInputError(
    `base model "${name}" (${source}) has SHA-256 ${hash} on this machine, the edge means ${weightsSha256}: put the ` +
      'right files there, or register the model again (npx rlcd runner --describe-model SOURCE)',
  );
}

/** The body with which a base model is registered at the edge. */
export async function describeModel(name: string, source: string, cacheDirectory: string) {
  const model = await openBaseModel(source, cacheDirectory);
  const { layers, hiddenSize, heads, keyValueHeads, vocabularySize, maximumPositions } = model.architecture;
  return {
    name,
    source,
    weightsSha256: await modelHash(model),
    parameterCount: parameterCount(model.architecture),
    contextLength: maximumPositions,
    configuration: {
      layers,
      hiddenSize,
      heads,
      keyValueHeads,
      vocabularySize,
      ...(await exportFacts(model, source === 'bundled' ? BUNDLED_MODEL : source)),
    },
  };
}
