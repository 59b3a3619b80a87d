/** The base model that a task names, opened and proved to be the one that the edge means. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import { clockTime } from '../../shared/clock-time.ts';
import { gigabytes } from '../../shared/planner/plan.ts';
import { hashFile } from '../files/files.ts';
import { exportFacts } from '../export/facts.ts';
import { loadChatTemplate } from '../llama/tokenizer/chat-template.ts';
import { type ImportedModel, importModel } from '../llama/weights/import-model.ts';
import { parameterCount } from '../../shared/planner/model-bytes.ts';
import { TOKENIZER_FILE } from '../llama/tokenizer/companions.ts';
import { tokenizerDoubts } from '../llama/tokenizer/tokenizer.ts';
import { requireAllowedSource } from './model-sources.ts';
import { TaskInputError } from './task-context.ts';

/** What `bundled` stands for. */
const BUNDLED_MODEL = fileURLToPath(new URL('../models/stories', import.meta.url));

/** Where it is in every checkout: of the machine it tells nothing. */
const BUNDLED_IN_CHECKOUT = 'gpu-runner/models/stories';

/** By what releases up to 0.1.0 named a model. It left out everything but weights and tokenizer, so it is no longer enough. */
async function earlierHash({ base }: ImportedModel): Promise<string> {
  const tokenizer = await hashFile(path.join(base.folder, TOKENIZER_FILE));
  return createHash('sha256').update(`${base.sha256}\n${tokenizer}\n`).digest('hex');
}

/**
 * Opens a model by source: `bundled`, a path or a hub id.
 *
 * @param hubFirst as {@link importModel} takes it
 * @throws ModelFileError
 */
export async function openBaseModel(
  source: string,
  cacheDirectory: string,
  hubFirst = false,
): Promise<ImportedModel> {
  let told = '';
  return await importModel(source === 'bundled' ? BUNDLED_MODEL : source, {
    cacheDirectory,
    hubFirst,
    onProgress: ({ bytes, ofBytes, endsAt }) => {
      const line = `${source}: ${Math.floor((10 * bytes) / ofBytes) * 10} % of ${gigabytes(ofBytes)}`;
      if (line === told) return;
      told = line;
      const end = endsAt === null ? '' : `, there at ${clockTime(endsAt.getTime())}`;
      console.error(`${line}${end}`);
    },
  });
}

/**
 * Opens the model of a task.
 *
 * @throws ModelNotAllowedError before anything of it is read; TaskInputError if this machine's copy is another model;
 *   ModelFileError if it cannot be opened
 */
export async function openTaskModel(
  { name, source, weightsSha256 }: Pick<ClaimedTask['baseModel'], 'name' | 'source' | 'weightsSha256'>,
  cacheDirectory: string,
): Promise<ImportedModel> {
  await requireAllowedSource(source);
  const model = await openBaseModel(source, cacheDirectory, true);
  const { identity } = model.base;
  if (identity === weightsSha256) return model;
  model.release();
  if (weightsSha256 === (await earlierHash(model))) {
    throw new TaskInputError(
      `base model "${name}" (${source}) was registered by an earlier version, whose hash left out rope, ends, positions ` +
        'and chat template: register it again (npx rlcd runner --describe-model SOURCE) and start the experiment anew',
    );
  }
  throw new TaskInputError(
    `base model "${name}" (${source}) has SHA-256 ${identity} on this machine, the edge means ${weightsSha256}: put the ` +
      'right files there, or register the model again (npx rlcd runner --describe-model SOURCE)',
  );
}

/** The body with which a base model is registered at the edge. */
export async function describeModel(name: string, source: string, cacheDirectory: string) {
  const model = await openBaseModel(source, cacheDirectory);
  const { layers, hiddenSize, heads, keyValueHeads, vocabularySize, maximumPositions } = model.architecture;
  const { intermediateSize, headSize, tiedEmbedding } = model.architecture;
  for (const doubt of await tokenizerDoubts(model.base.folder, model.architecture)) {
    console.error(`Warning: ${source}: the tokenizer may be another model's: ${doubt}`);
  }
  return {
    name,
    source,
    weightsSha256: model.base.identity,
    parameterCount: parameterCount(model.architecture),
    contextLength: maximumPositions,
    configuration: {
      layers,
      hiddenSize,
      heads,
      keyValueHeads,
      vocabularySize,
      intermediateSize,
      headSize,
      tiedEmbedding,
      ...((await loadChatTemplate(model.base.folder)) === null ? {} : { chatTemplate: true }),
      ...(source === 'bundled'
        ? await exportFacts(model, BUNDLED_IN_CHECKOUT, BUNDLED_MODEL)
        : await exportFacts(model, source)),
    },
  };
}
