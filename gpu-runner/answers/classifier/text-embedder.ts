/** Embeddings of texts by a sentence encoder: mean over the tokens, length 1. */
import path from 'node:path';
import { AutoTokenizer } from '@huggingface/transformers';
import { z } from 'zod';
import {
  ATTENTION_MASK,
  EMBEDDING,
  HIDDEN_STATES,
  withEmbedding,
} from '../../algorithms/classifier/classifier-head.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { LOCAL, localModel } from '../../tasks/judges/local-model.ts';
import { TensorSession } from '../../tensor/session.ts';
import { messageOf } from '../../../shared/caught.ts';
import type { EncoderFiles } from './encoder-folder.ts';

/** What the pipeline that opens the classifier feeds. */
const FED: ReadonlySet<string> = new Set(['input_ids', ATTENTION_MASK, 'token_type_ids']);

const tensor = z.object({ dims: z.array(z.int()), data: z.instanceof(BigInt64Array) });

interface Embedded {
  /** [width], of length 1. */
  readonly vector: Float64Array;
  /** Whether the text was longer than the encoder reads. */
  readonly isCut: boolean;
}

export interface TextEmbedder {
  embed(text: string): Promise<Embedded>;
  close(): Promise<void>;
}

/** @throws ModelFileError where the folder holds no sentence encoder */
export async function openEmbedder(encoder: EncoderFiles): Promise<TextEmbedder> {
  const { maximumTokens, folder, modelName, model } = encoder;
  const file = path.join(folder, modelName);
  const tokenize = await AutoTokenizer.from_pretrained(localModel(folder), LOCAL).catch((cause: unknown) => {
    throw new ModelFileError(
      path.join(folder, 'tokenizer.json'),
      null,
      `cannot be opened: ${messageOf(cause)}`,
      'Fetch it again, with the tokenizer_config.json of the same model',
      { cause },
    );
  });
  await requireEncoder(model, file);
  const session = await TensorSession.open({ model: withEmbedding(model) }).catch((cause: unknown) => {
    const fault = `gives hidden states that are no float32 numbers of three axes: ${messageOf(cause)}`;
    throw new ModelFileError(file, HIDDEN_STATES, fault, 'Take its export in 32 or in 8 bits', { cause });
  });
  return {
    async embed(text) {
      const tokens: unknown = tokenize(text, { truncation: true, max_length: maximumTokens });
      const feeds = z.record(z.string(), tensor).parse({ ...(tokens as object) });
      const { input_ids: ids } = feeds;
      if (ids === undefined) throw new Error('the tokenizer gave no ids');
      const fed = session.inputNames.map((name) => {
        const { dims, data } = feeds[name] ?? { dims: ids.dims, data: ids.data.map(() => 0n) };
        return [name, { dtype: 'int64' as const, shape: dims, data }] as const;
      });
      const { [EMBEDDING]: embedding } = await session.run(Object.fromEntries(fed), [EMBEDDING]);
      const vector = Float64Array.from(embedding?.data ?? [], Number);
      const isCut = ids.data.length >= maximumTokens && isLonger(text);
      return { vector, isCut };
    },
    close: () => session.close(),
  };

  function isLonger(text: string): boolean {
    return tokenize.encode(text).length > maximumTokens;
  }
}

/** That the model reads what the pipeline feeds and gives hidden states, before it gets a head. */
async function requireEncoder(model: Uint8Array, file: string): Promise<void> {
  const cure = 'Give a sentence encoder as it is exported for feature extraction';
  const session = await TensorSession.open({ model }).catch((cause: unknown) => {
    throw new ModelFileError(file, null, messageOf(cause), cure, { cause });
  });
  const { inputNames, outputNames } = session;
  await session.close();
  const lacking = ['input_ids', ATTENTION_MASK].filter((name) => !inputNames.includes(name));
  const unknown = inputNames.filter((name) => !FED.has(name));
  if (lacking.length > 0 || unknown.length > 0) {
    const fault = `reads ${inputNames.join(', ')}; a text classifier is fed ${[...FED].join(', ')}`;
    throw new ModelFileError(file, 'inputs', fault, cure);
  }
  if (!outputNames.includes(HIDDEN_STATES) || outputNames.includes('logits')) {
    const fault = `gives ${outputNames.join(', ')}; an encoder gives ${HIDDEN_STATES} and no logits`;
    throw new ModelFileError(file, 'outputs', fault, cure);
  }
}
