/** Reads a scorer's ONNX file: the constants of its network and the texts beside them, checked before they are used. */
import { Reader } from 'protobufjs/minimal.js';
import { z } from 'zod';
import { calibration, SCORER_FORMAT, type Calibration } from '../../shared/scoring/calibration.ts';
import { BUCKETS, SEEN_BITS } from '../../shared/scoring/features.ts';
import { ScorerFileError } from './scorer-file-error.ts';

/** What the kernel computes with (see kernel.wat). */
export interface ScorerParts {
  readonly dimension: number;
  readonly hidden: number;
  /** [BUCKETS + 1, dimension], the last row zero */
  readonly table: Float32Array;
  /** W1, b1, W2, b2, one behind the other */
  readonly dense: Float32Array;
  readonly calibration: Calibration;
  readonly seenWords: Uint8Array;
}

interface Tensor {
  readonly dims: readonly number[];
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** Field numbers of onnx.proto. */
const MODEL = { graph: 7, metadata: 14 } as const;
const GRAPH_INITIALIZER = 5;
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 } as const;
const [FLOAT, INT8] = [1, 3];

const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Calls `read` at every field; it returns false for what it leaves unread. */
function fields(reader: Reader, end: number, read: (field: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!read(tag >>> 3)) reader.skipType(tag & 7);
  }
}

function nested(reader: Reader, read: (field: number) => boolean): void {
  const length = reader.uint32();
  fields(reader, reader.pos + length, read);
}

function readTensor(reader: Reader): [string, Tensor] {
  const dims: number[] = [];
  let [name, type, bytes]: [string, number, Uint8Array] = ['', 0, new Uint8Array()];
  nested(reader, (field) => {
    if (field === TENSOR.dims) dims.push(Number(reader.int64()));
    else if (field === TENSOR.type) type = reader.int32();
    else if (field === TENSOR.name) name = utf8(reader.bytes());
    else if (field === TENSOR.raw) bytes = reader.bytes();
    else return false;
    return true;
  });
  return [name, { dims, type, bytes }];
}

function readModel(file: Uint8Array): { tensors: Map<string, Tensor>; metadata: Map<string, string> } {
  const tensors = new Map<string, Tensor>();
  const metadata = new Map<string, string>();
  const reader = Reader.create(file);
  try {
    fields(reader, file.length, (field) => {
      if (field === MODEL.graph) {
        nested(reader, (inner) => {
          if (inner !== GRAPH_INITIALIZER) return false;
          tensors.set(...readTensor(reader));
          return true;
        });
        return true;
      }
      if (field !== MODEL.metadata) return false;
      const entry: string[] = [];
      nested(reader, (inner) => {
        entry[inner] = utf8(reader.bytes());
        return true;
      });
      metadata.set(entry[1] ?? '', entry[2] ?? '');
      return true;
    });
  } catch (error) {
    throw new ScorerFileError(`the ${file.length} bytes are no ONNX model`, { cause: error });
  }
  return { tensors, metadata };
}

const MAXIMUM_WIDTH = 1024;

/** @throws ScorerFileError naming the first part that is missing, of another form, or not finite */
export function readScorer(file: Uint8Array): ScorerParts {
  const { tensors, metadata } = readModel(file);
  const text = (key: string): string => {
    const value = metadata.get(key);
    if (value === undefined) throw new ScorerFileError(`the model has no metadata "${key}": it is no scorer`);
    return value;
  };
  const tensor = (name: string, type: number, dims: readonly number[]): Uint8Array => {
    const found = tensors.get(name);
    const bytes = dims.reduce((product, size) => product * size, type === FLOAT ? 4 : 1);
    if (found?.type !== type || found.dims.join() !== dims.join() || found.bytes.length !== bytes) {
      throw new ScorerFileError(`constant "${name}" is not of type ${type} and shape [${dims.join(', ')}]`);
    }
    return found.bytes;
  };
  const metadataOf = <Form extends z.ZodType>(key: string, form: Form) => metadataAs(text(key), key, form);
  const { format } = metadataOf('calibration', z.looseObject({ format: z.string() }));
  if (format !== SCORER_FORMAT) {
    throw new ScorerFileError(
      `it is of the form "${format}", this version reads "${SCORER_FORMAT}": run an experiment with "scorer": true ` +
        'again to teach a new one',
    );
  }
  const names = metadataOf('dense', z.array(z.string()).length(4));
  const [dimension = 0, hidden = 0] = [
    tensors.get(text('scales'))?.dims[0],
    tensors.get(names[1] ?? '')?.dims[0],
  ];
  for (const width of [dimension, hidden]) {
    if (width % 4 !== 0 || width < 4 || width > MAXIMUM_WIDTH) {
      throw new ScorerFileError(
        `its layers are ${dimension} and ${hidden} wide: not multiples of 4 to ${MAXIMUM_WIDTH}`,
      );
    }
  }
  const shapes = [[2 * dimension, hidden], [hidden], [hidden, 1], [1]];
  const dense = floats(Buffer.concat(shapes.map((shape, part) => tensor(names[part] ?? '', FLOAT, shape))));
  const scales = floats(tensor(text('scales'), FLOAT, [dimension]));
  const rows = tensor(text('table'), INT8, [BUCKETS + 1, dimension]);
  const seenWords = Uint8Array.from(Buffer.from(text('seenWords'), 'base64'));
  if (seenWords.length !== SEEN_BITS / 8) {
    throw new ScorerFileError(`its set of words has ${seenWords.length} bytes, not ${SEEN_BITS / 8}`);
  }
  const parts = {
    dimension,
    hidden,
    table: dequantised(new Int8Array(rows.buffer, rows.byteOffset, rows.length), scales),
    dense,
    calibration: metadataOf('calibration', calibration),
    seenWords,
  };
  if (![...parts.dense, ...scales].every((value) => Number.isFinite(value))) {
    throw new ScorerFileError('its weights hold a number that is not finite');
  }
  return parts;
}

/** int8 [rows, columns] times fp32 [columns]. A plain loop: a mapping function takes 100 ms of an isolate's first request. */
function dequantised(values: Int8Array, scales: Float32Array): Float32Array {
  const table = new Float32Array(values.length);
  for (let place = 0; place < values.length; place += scales.length) {
    for (let column = 0; column < scales.length; column++) {
      table[place + column] = (values[place + column] ?? 0) * (scales[column] ?? 0);
    }
  }
  return table;
}

function metadataAs<Form extends z.ZodType>(text: string, key: string, form: Form): z.output<Form> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new ScorerFileError(`its metadata "${key}" is not JSON`, { cause: error });
  }
  const parsed = form.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new ScorerFileError(`its ${key} is of another form: ${z.prettifyError(parsed.error)}`);
}

/** Little-endian float32, copied: a file's bytes need not be aligned. */
function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
