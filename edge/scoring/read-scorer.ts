/** Reads a scorer's file: the numbers of its network and what lies beside them, checked before they are used. */
import { z } from 'zod';
import { decodeSafetensors } from '../../shared/safetensors/decode.ts';
import { calibration, SCORER_FORMAT, type Calibration } from '../../shared/scoring/calibration.ts';
import { BUCKETS, SEEN_BITS } from '../../shared/scoring/features.ts';
import { ScorerFileError } from './scorer-file-error.ts';

/** What the kernel computes with (see kernel.wat). */
export interface ScorerParts {
  readonly dimension: number;
  readonly hidden: number;
  /** [BUCKETS, dimension] */
  readonly table: Float32Array;
  /** W1, b1, W2, b2, one behind the other */
  readonly dense: Float32Array;
  readonly calibration: Calibration;
  readonly seenWords: Uint8Array;
}

const MAXIMUM_WIDTH = 1024;

const otherForm = (form: string) =>
  new ScorerFileError(
    `it is of the form "${form}", this version reads "${SCORER_FORMAT}": run an experiment with "scorer": true ` +
      'again to teach a new one',
  );

/** Scorers were ONNX models once. A header of safetensors is too short for the bytes 4 to 7 of its length to be set. */
const isOnnx = (file: Uint8Array) => file[0] === 0x08 && [4, 5, 6, 7].some((place) => file[place] !== 0);

/** @throws ScorerFileError naming the first part that is missing, of another form, or not finite */
export function readScorer(file: Uint8Array): ScorerParts {
  if (file.length > 8 && isOnnx(file)) throw otherForm('ONNX');
  const { tensors, metadata } = decodeSafetensors(
    file,
    (field, fault, options) => new ScorerFileError(`its ${field ?? 'file'} ${fault}`, options),
  );
  const text = metadata.get('calibration');
  if (text === undefined) throw new ScorerFileError('it has no metadata "calibration": it is no scorer');
  const { format } = parsed(text, z.looseObject({ format: z.string() }));
  if (format !== SCORER_FORMAT) throw otherForm(format);
  const tensor = (name: string, dtype: 'F32' | 'I8' | 'U8', shape: readonly number[]): Uint8Array => {
    const found = tensors.get(name);
    if (found?.dtype !== dtype || found.shape.join() !== shape.join()) {
      throw new ScorerFileError(
        `its tensor "${name}" is not of type ${dtype} and shape [${shape.join(', ')}]`,
      );
    }
    return found.bytes;
  };
  const [dimension = 0, hidden = 0] = ['scales', 'first.bias'].map((name) => tensors.get(name)?.shape[0]);
  for (const width of [dimension, hidden]) {
    if (width % 4 !== 0 || width < 4 || width > MAXIMUM_WIDTH) {
      throw new ScorerFileError(
        `its layers are ${dimension} and ${hidden} wide: not multiples of 4 to ${MAXIMUM_WIDTH}`,
      );
    }
  }
  const dense = floats(
    tensor('first.weight', 'F32', [2 * dimension, hidden]),
    tensor('first.bias', 'F32', [hidden]),
    tensor('second.weight', 'F32', [hidden, 1]),
    tensor('second.bias', 'F32', [1]),
  );
  const scales = floats(tensor('scales', 'F32', [dimension]));
  if (![...dense, ...scales].every((value) => Number.isFinite(value))) {
    throw new ScorerFileError('its weights hold a number that is not finite');
  }
  const rows = tensor('table', 'I8', [BUCKETS, dimension]);
  return {
    dimension,
    hidden,
    table: dequantised(new Int8Array(rows.buffer, rows.byteOffset, rows.length), scales),
    dense,
    calibration: parsed(text, calibration),
    seenWords: tensor('seen_words', 'U8', [SEEN_BITS / 8]).slice(),
  };
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

function parsed<Form extends z.ZodType>(text: string, form: Form): z.output<Form> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new ScorerFileError('its metadata "calibration" is not JSON', { cause });
  }
  const checked = form.safeParse(document);
  if (checked.success) return checked.data;
  throw new ScorerFileError(`its calibration is of another form: ${z.prettifyError(checked.error)}`);
}

/** Little-endian float32, copied and joined: a file's bytes need not be aligned. */
function floats(...parts: readonly Uint8Array[]): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.concat(parts)).buffer);
}
