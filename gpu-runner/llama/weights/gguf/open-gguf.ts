/** A model from a GGUF file: its weights, its tokenizer and its chat template. */
import { ModelFileError } from '../../../files/model-file-error.ts';
import { ggufTokenizer } from '../../tokenizer/gguf-tokenizer.ts';
import { type Companions, companionsOf } from '../../tokenizer/companions.ts';
import type { OpenedCheckpoint } from '../huggingface-folder.ts';
import type { SourceMatrix } from '../weight-source.ts';
import { readGgufArchitecture } from './architecture.ts';
import type { GgufFile } from './gguf-file.ts';
import { GgufMetadata } from './metadata.ts';
import { openParts } from './split-files.ts';
import { weightSource } from './tensors.ts';
import { readVocabulary } from './vocabulary.ts';

/** Tensors whose content the record holds, or that older converters wrote and nothing reads. */
const otherTensors = /^(?:rope_freqs|rope_factors_long|rope_factors_short)\.weight$|\.attn_rot_embd$/;

export interface OpenedGguf extends OpenedCheckpoint {
  /** Its tokenizer and, where the model has one, its chat template. @throws ModelFileError */
  readonly companions: () => Companions;
}

/**
 * Opens a GGUF model. Nothing of its weights is loaded yet.
 *
 * @param file its one file, or any part of a split model
 * @throws ModelFileError naming the field or tensor that is missing, wrong or not supported
 */
export async function openGguf(file: string): Promise<OpenedGguf> {
  const parts = await openParts(file);
  const close = async (): Promise<void> => {
    for (const part of parts) await part.close();
  };
  try {
    return { ...(await openModel(parts)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openModel(parts: readonly GgufFile[]): Promise<Omit<OpenedGguf, 'close'>> {
  const [first] = parts;
  if (first === undefined) throw new RangeError('a model has at least one file');
  const metadata = new GgufMetadata(first.file, first.header.metadata);
  const holders = new Map(
    parts.flatMap((part) => [...part.header.tensors.keys()].map((name) => [name, part])),
  );
  const read = new Set<string>();
  const matrix = (name: string, rows: number, columns: number): SourceMatrix => {
    read.add(name);
    return (holders.get(name) ?? first).matrix(name, rows, columns);
  };
  const vocabulary = readVocabulary(metadata);
  const [, rowsOfEmbedding = vocabulary.tokens.length] =
    holders.get('token_embd.weight')?.header.tensors.get('token_embd.weight')?.dimensions ?? [];
  const described = await readGgufArchitecture(metadata, {
    has: (name) => holders.has(name),
    vocabularySize: rowsOfEmbedding,
    factors: async (name) => {
      const [count = 0] = holders.get(name)?.header.tensors.get(name)?.dimensions ?? [];
      return count === 0 ? null : await matrix(name, 1, count).read(0, 1);
    },
  });
  const source = weightSource(described, matrix);
  for (const [name, { file }] of holders) {
    if (read.has(name) || otherTensors.test(name)) continue;
    const family = metadata.requiredText('general.architecture');
    throw new ModelFileError(
      file,
      name.slice(0, 120),
      `is a tensor that ${family} does not have as it is known here`,
      'Use a file of a plain model of the family',
    );
  }
  const template = metadata.text('tokenizer.chat_template');
  return {
    source,
    companions: () => {
      const { tokenizer, config } = ggufTokenizer(vocabulary, (field, fault, cure) =>
        metadata.refuse(field, fault, cure),
      );
      return companionsOf(first.file, tokenizer, config, template);
    },
  };
}
