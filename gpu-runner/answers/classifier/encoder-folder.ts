/** A sentence encoder in a folder, as its export for transformers.js has it, read and checked before any work. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { AutoModelForSequenceClassification } from '@huggingface/transformers';
import { exists, parseJsonObject, readWhole } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { positionLimit } from './position-limit.ts';

const SMALL_FILE = 64e6;
/** What a message of protocol buffers may have. */
const LARGEST_MODEL = 2 ** 31 - 1;

const CURE =
  "Give the folder of a sentence encoder's ONNX export: config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx or onnx/model_quantized.onnx";

/** A file that a classifier is made of. */
interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface EncoderFiles {
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  readonly tokenizer: Uint8Array;
  readonly model: Uint8Array;
  /** Of the model within the folder, for messages. */
  readonly modelName: string;
  /** Tokens after which a text must be cut. */
  readonly maximumTokens: number;
  readonly files: readonly NamedBytes[];
}

/** @throws ModelFileError naming the file, what is wrong with it and the cure */
export async function readEncoder(folder: string): Promise<EncoderFiles> {
  const names = ['onnx/model.onnx', 'onnx/model_quantized.onnx'] as const;
  const [whole, quantised] = names;
  const modelName = (await exists(path.join(folder, whole))) ? whole : quantised;
  const read = async (name: string, most = SMALL_FILE): Promise<NamedBytes> => ({
    name,
    bytes: await readWhole(path.join(folder, name), most, CURE),
  });
  const files = [
    await read('config.json'),
    await read('tokenizer.json'),
    await read('tokenizer_config.json'),
    await read(modelName, LARGEST_MODEL),
  ] as const;
  if (await exists(path.join(folder, `${modelName}_data`))) {
    throw new ModelFileError(
      path.join(folder, modelName),
      null,
      'keeps its weights in a second file',
      'Take a smaller encoder, or the same in 8 bits (onnx/model_quantized.onnx), which is one file',
    );
  }
  const [configFile, tokenizer, tokenizerConfigFile, model] = files;
  const json = ({ name, bytes }: NamedBytes) => parseJsonObject(bytes, path.join(folder, name), null, CURE);
  const config = json(configFile);
  requireKnownType(config, path.join(folder, configFile.name));
  const tokenizerConfig = json(tokenizerConfigFile);
  return {
    folder,
    config,
    tokenizerConfig,
    tokenizer: tokenizer.bytes,
    model: model.bytes,
    modelName,
    maximumTokens: positionLimit(config, tokenizerConfig),
    files,
  };
}

/** That the finished folder can be opened as a classifier. */
function requireKnownType({ model_type: type }: Readonly<Record<string, unknown>>, file: string): void {
  const known = AutoModelForSequenceClassification.MODEL_CLASS_MAPPINGS.flatMap((names) =>
    Array.from(names.keys()),
  );
  if (typeof type === 'string' && known.includes(type)) return;
  throw new ModelFileError(
    file,
    'model_type',
    `is ${JSON.stringify(type) ?? 'missing'}, of which transformers.js makes no text classifier`,
    `Give an encoder of one of these types: ${known.join(', ')}`,
  );
}

/** A file's name, size and SHA-256, as reports have it. */
export function describedFile({ name, bytes }: NamedBytes) {
  return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
