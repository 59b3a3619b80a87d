/** Sequences of several adapter groups as the tensors of one batch: right-padded tokens and the rows to score. */
import type { HostTensor } from '../../tensor/session.ts';
import { scoredCount, type Sequence } from '../model/sequence.ts';

/** Numbers as a tensor of the engine. */
export function float32(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data };
}

function int64(shape: readonly number[], data: BigInt64Array): HostTensor {
  return { dtype: 'int64', shape, data };
}

/** How sequences lie in a batch: row r of group g, position t is flat row (g * rows + r) * time + t. */
export interface BatchShape {
  readonly groups: number;
  /** rows of every group; groups with fewer are padded with rows that nothing looks at */
  readonly rows: number;
  readonly time: number;
}

/** The shape that holds these sequences. @throws RangeError for an empty batch or a sequence that is too long */
export function batchShape(groups: readonly (readonly Sequence[])[], maximumTime: number): BatchShape {
  const rows = Math.max(...groups.map((sequences) => sequences.length));
  const time = Math.max(0, ...groups.flatMap((sequences) => sequences.map(({ tokens }) => tokens.length)));
  if (rows < 1 || time < 1) throw new RangeError('A batch needs at least one sequence with a token');
  if (time > maximumTime) {
    throw new RangeError(
      `A sequence has ${time} tokens, this session takes ${maximumTime}: shorten it or open a longer one`,
    );
  }
  return { groups: groups.length, rows, time };
}

/** Tokens [groups, rows, time], padded on the right. @throws RangeError for a token outside the vocabulary */
export function tokenTensor(
  groups: readonly (readonly Sequence[])[],
  { rows, time }: BatchShape,
  padToken: number,
  vocabularySize: number,
): HostTensor {
  const data = new BigInt64Array(groups.length * rows * time).fill(BigInt(padToken));
  groups.forEach((sequences, group) => {
    sequences.forEach(({ tokens }, row) => {
      for (let position = 0; position < tokens.length; position++) {
        const token = tokens[position] ?? -1;
        if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
          throw new RangeError(
            `Group ${group}, row ${row}, position ${position}: ${token} is no token of ${vocabularySize}`,
          );
        }
        data[(group * rows + row) * time + position] = BigInt(token);
      }
    });
  });
  return int64([groups.length, rows, time], data);
}

/** One entry to score: a flat row of hidden states, and where it came from. */
interface Pick {
  readonly flatRow: number;
  readonly group: number;
  readonly row: number;
  /** index among the scored tokens of its sequence */
  readonly offset: number;
  readonly token: number;
}

/** The scored tokens of a batch, in the order of groups, rows and positions, padded to whole blocks. */
export class Picks {
  readonly shape: readonly [number, number];
  readonly #picks: readonly Pick[];
  readonly #batch: BatchShape;

  constructor(groups: readonly (readonly Sequence[])[], batch: BatchShape, blockRows: number) {
    const picks: Pick[] = [];
    groups.forEach((sequences, group) => {
      sequences.forEach((sequence, row) => {
        const { tokens, start } = sequence;
        if (!Number.isInteger(start) || start < 1) {
          throw new RangeError(
            `Group ${group}, row ${row}: scoring starts at ${start}, but the first token has nothing before it`,
          );
        }
        for (let offset = 0; offset < scoredCount(sequence); offset++) {
          const flatRow = (group * batch.rows + row) * batch.time + start + offset - 1;
          picks.push({ flatRow, group, row, offset, token: tokens[start + offset] ?? 0 });
        }
      });
    });
    this.#picks = picks;
    this.#batch = batch;
    this.shape = [Math.max(1, Math.ceil(picks.length / blockRows)), blockRows];
  }

  /** Flat rows of hidden states to score; padding points at row 0. */
  index(): HostTensor {
    return this.#integers(({ flatRow }) => flatRow);
  }

  targets(): HostTensor {
    return this.#integers(({ token }) => token);
  }

  groups(): HostTensor {
    return this.#integers(({ group }) => group);
  }

  /** For each flat row the pick that took it, or the number of places if none did. */
  inverse(): HostTensor {
    const { groups, rows, time } = this.#batch;
    const data = new BigInt64Array(groups * rows * time).fill(BigInt(this.shape[0] * this.shape[1]));
    this.#picks.forEach(({ flatRow }, place) => {
      data[flatRow] = BigInt(place);
    });
    return int64([data.length], data);
  }

  /** Numbers per scored token as a tensor, 0 in the padding. */
  values(of: (group: number, row: number, offset: number) => number): HostTensor {
    const data = new Float32Array(this.shape[0] * this.shape[1]);
    this.#picks.forEach(({ group, row, offset }, place) => {
      data[place] = of(group, row, offset);
    });
    return float32(this.shape, data);
  }

  /**
   * Which scored tokens belong to which pair, with their sign, [pairs, places]; 0 elsewhere and in the padding.
   *
   * @param of pair and sign of a row of a group
   */
  signs(pairs: number, of: (group: number, row: number) => { pair: number; sign: number }): HostTensor {
    const places = this.shape[0] * this.shape[1];
    const data = new Float32Array(pairs * places);
    this.#picks.forEach(({ group, row }, place) => {
      const { pair, sign } = of(group, row);
      data[pair * places + place] = sign;
    });
    return float32([pairs, places], data);
  }

  /** A result tensor back as numbers by group, row and scored token. */
  unpack(data: ArrayLike<number>, groups: readonly (readonly Sequence[])[]): Float32Array[][] {
    const out = groups.map((sequences) =>
      sequences.map((sequence) => new Float32Array(scoredCount(sequence))),
    );
    this.#picks.forEach(({ group, row, offset }, place) => {
      const target = out[group]?.[row];
      if (target !== undefined) target[offset] = data[place] ?? Number.NaN;
    });
    return out;
  }

  #integers(of: (pick: Pick) => number): HostTensor {
    const data = new BigInt64Array(this.shape[0] * this.shape[1]);
    this.#picks.forEach((pick, place) => {
      data[place] = BigInt(of(pick));
    });
    return int64(this.shape, data);
  }
}
