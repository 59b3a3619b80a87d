/** The whole state of a training run, and its bytes: what is restored continues as if it had never stopped. */
import { UserError } from '../../../shared/user-error.ts';

/** Trained vectors of G groups with their AdamW moments, each [G, length] row-major. */
export interface TrainingState {
  readonly groups: number;
  readonly length: number;
  /** updates done */
  readonly step: number;
  readonly parameters: Float32Array;
  /** of AdamW: running means of the gradient and of its square */
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
}

/** State bytes that cannot be continued from. */
export class TrainingStateError extends UserError {
  override readonly name = 'TrainingStateError';
  override readonly code = 'bad-checkpoint';
}

/** The state before the first update. @throws RangeError unless all groups have one length */
export function initialState(vectors: readonly Float32Array[]): TrainingState {
  const [first] = vectors;
  if (first === undefined) throw new RangeError('Training needs at least one group');
  const { length } = first;
  const parameters = new Float32Array(vectors.length * length);
  vectors.forEach((vector, group) => {
    if (vector.length !== length) {
      throw new RangeError(`Group ${group} has ${vector.length} numbers, group 0 has ${length}`);
    }
    parameters.set(vector, group * length);
  });
  const zeros = (): Float32Array => new Float32Array(parameters.length);
  return {
    groups: vectors.length,
    length,
    step: 0,
    parameters,
    firstMoments: zeros(),
    secondMoments: zeros(),
  };
}

/** The trained vector of one group (a view). */
export function groupVector(state: TrainingState, group: number): Float32Array {
  if (!Number.isInteger(group) || group < 0 || group >= state.groups) {
    throw new RangeError(`There is no group ${group} of ${state.groups}`);
  }
  return state.parameters.subarray(group * state.length, (group + 1) * state.length);
}

const MAGIC = 'RLCDSTA1';
const HEADER_BYTES = MAGIC.length + 3 * 8;

/** The state as bytes: magic, groups, length, step (float64 each), then parameters, first and second moments (float32). */
export function encodeState(state: TrainingState): Uint8Array {
  const arrays = [state.parameters, state.firstMoments, state.secondMoments];
  const bytes = new Uint8Array(HEADER_BYTES + arrays.reduce((sum, array) => sum + array.byteLength, 0));
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  [state.groups, state.length, state.step].forEach((value, index) => {
    view.setFloat64(MAGIC.length + 8 * index, value, true);
  });
  let offset = HEADER_BYTES;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
    offset += array.byteLength;
  }
  return bytes;
}

/** The state from its bytes. @throws TrainingStateError naming what is wrong */
export function decodeState(bytes: Uint8Array): TrainingState {
  const magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < HEADER_BYTES) {
    throw new TrainingStateError(
      `These ${bytes.length} bytes are no training state; take the file that a run wrote`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (index: number): number => view.getFloat64(MAGIC.length + 8 * index, true);
  const [groups, length, step] = [number(0), number(1), number(2)];
  const count = groups * length;
  const expected = HEADER_BYTES + 3 * 4 * count;
  if (
    ![groups, length, step].every((value) => Number.isSafeInteger(value) && value >= 0) ||
    bytes.length !== expected
  ) {
    throw new TrainingStateError(
      `The training state says ${groups} groups of ${length} at step ${step}, which take ${expected} bytes, but has ` +
        `${bytes.length}: it is cut short or damaged`,
    );
  }
  const array = (index: number): Float32Array => {
    const start = HEADER_BYTES + index * 4 * count;
    // A copy, because the numbers may stand unaligned; slice() would not copy a Buffer.
    return new Float32Array(Uint8Array.from(bytes.subarray(start, start + 4 * count)).buffer);
  };
  return { groups, length, step, parameters: array(0), firstMoments: array(1), secondMoments: array(2) };
}
