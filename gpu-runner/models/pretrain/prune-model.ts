/** A language model with fewer words: rows of its embedding taken out, and its tokenizer cut to match. */
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { jsonFile } from '../../../shared/export/export-file.ts';
import { UserError } from '../../../shared/user-error.ts';
import { exists } from '../../files/files.ts';
import { configText } from '../../export/config-text.ts';
import { huggingFaceTensors } from '../../export/huggingface-tensors.ts';
import { mergedTensors, type Rows } from '../../export/merged-tensors.ts';
import { outsideOf } from '../../export/outside.ts';
import { safetensorsShards } from '../../export/safetensors-shards.ts';
import { writeFiles } from '../../export/write-files.ts';
import {
  GENERATION_CONFIG_FILE,
  MODEL_CONFIG_FILE,
  TOKENIZER_CONFIG_FILE,
  TOKENIZER_FILE,
} from '../../llama/tokenizer/companions.ts';
import type { ImportedModel } from '../../llama/weights/import-model.ts';
import { specialNames } from './configuration.ts';
import { bytePairTokenizer, pruneTokenizer } from './prune-tokenizer.ts';

/**
 * Writes the model with the tokens that the texts need most as a Hugging Face folder, unless the folder is there. Its
 * beginning of text and end of text are those of {@link specialNames}.
 *
 * @throws UserError for a tokenizer that is no byte-level BPE, or an embedding that is not tied to the output
 */
export async function pruneModel(
  model: ImportedModel,
  texts: readonly string[],
  size: number,
  folder: string,
): Promise<void> {
  if (await exists(folder)) return;
  const { architecture, base, tokenizer } = model;
  if (!architecture.tiedEmbedding)
    throw new UserError('a teacher needs an embedding that is its output as well');
  const source: unknown = JSON.parse(await readFile(path.join(base.folder, TOKENIZER_FILE), 'utf8'));
  const read = bytePairTokenizer.safeParse(source);
  if (!read.success) throw new UserError('a teacher needs a byte-level BPE tokenizer');
  const counts = new Map<number, number>();
  for (const text of texts) {
    for (const token of tokenizer.encode(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  const pruned = pruneTokenizer(read.data, counts, Object.values(specialNames), size);
  const { vocab } = pruned.tokenizer.model;
  const [bos, end, pad] = [specialNames.bos, specialNames.end, specialNames.pad].map((name) => vocab[name]);
  const outside = await outsideOf(base);
  const config = {
    ...outside.config,
    tie_word_embeddings: true,
    vocab_size: pruned.oldTokens.length,
    bos_token_id: bos,
    eos_token_id: end,
    pad_token_id: pad,
  };
  const tensors = mergedTensors(base, null, 'half');
  const embedding = tensors.find(({ part }) => part === 'embedding');
  if (embedding !== undefined) Object.assign(embedding, someRows(embedding, pruned.oldTokens));
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const files = [
    jsonFile(TOKENIZER_FILE, pruned.tokenizer),
    jsonFile(TOKENIZER_CONFIG_FILE, {
      bos_token: specialNames.bos,
      eos_token: specialNames.end,
      pad_token: specialNames.pad,
    }),
    jsonFile(GENERATION_CONFIG_FILE, { bos_token_id: bos, eos_token_id: end, pad_token_id: pad }),
    {
      name: MODEL_CONFIG_FILE,
      chunks: async function* () {
        yield Buffer.from(configText(config, outside.original));
      },
    },
    ...safetensorsShards(huggingFaceTensors(tensors, architecture, outside.tensors)),
  ];
  await writeFiles(partial, files, () => undefined);
  await rename(partial, folder);
}

/** The rows of a matrix by their old numbers; zeros where there was none. The matrix is read once. */
function someRows(
  { shape: [height = 0, columns = 0], rows }: Rows,
  wanted: readonly (number | null)[],
): Rows {
  let whole: Promise<Float32Array> | undefined;
  return {
    shape: [wanted.length, columns],
    rows: async (first, count) => {
      whole ??= rows(0, height);
      const old = await whole;
      const values = new Float32Array(count * columns);
      for (const [place, row] of wanted.slice(first, first + count).entries()) {
        if (row !== null) values.set(old.subarray(row * columns, (row + 1) * columns), place * columns);
      }
      return values;
    },
  };
}
