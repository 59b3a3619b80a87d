/** Sequences of several adapter groups as the tensors of one batch: tokens without padding, and the rows to score. */
import type { HostTensor } from '../../tensor/session.ts';
import { scoredCount, type Sequence } from '../model/sequence.ts';
import { type Bundles, bundleSize, rowsOf, sharedPrefix } from './bundles.ts';

/** Numbers as a tensor of the engine. */
export function float32(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data };
}

function int64(shape: readonly number[], data: BigInt64Array): HostTensor {
  return { dtype: 'int64', shape, data };
}

/** Where a bundle's tokens stand among those of its group: those that are shared, then each sequence's own. */
interface BundlePlaces {
  readonly shared: { readonly start: number; readonly length: number };
  /** of each sequence's own tokens */
  readonly own: readonly { readonly start: number; readonly length: number }[];
}

/** How sequences lie in a batch: tokens in flat rows, `length` a group, and in a grid where attention reads them. */
export interface BatchShape {
  /** by group and bundle */
  readonly bundlePlaces: readonly (readonly BundlePlaces[])[];
  /** flat rows of a group; groups with fewer are padded with rows that nothing looks at */
  readonly length: number;
  /** the grid: bundles of every group, places of their beginnings, sequences of every bundle, places of their own */
  readonly bundles: number;
  readonly prefix: number;
  readonly siblings: number;
  readonly own: number;
}

/** The shape that holds these sequences. @throws RangeError for an empty batch or a sequence that is too long */
export function batchShape(groups: Bundles, maximumTime: number): BatchShape {
  const longest = Math.max(0, ...rowsOf(groups).flatMap((rows) => rows.map(({ tokens }) => tokens.length)));
  if (longest < 1) throw new RangeError('A batch needs at least one sequence with a token');
  if (longest > maximumTime) {
    throw new RangeError(
      `A sequence has ${longest} tokens, this session takes ${maximumTime}: shorten it or open a longer one`,
    );
  }
  const sizes = groups.flatMap((bundles) => bundles.map(bundleSize));
  const laid = groups.map(layOut);
  return {
    bundlePlaces: laid.map(({ bundles }) => bundles),
    length: Math.max(...laid.map(({ length }) => length)),
    bundles: Math.max(...groups.map(({ length }) => length)),
    // The engine takes no empty axis: where nothing is shared, nothing sees this place.
    prefix: Math.max(1, ...sizes.map(({ prefix }) => prefix)),
    siblings: Math.max(...sizes.map(({ texts }) => texts)),
    own: Math.max(...sizes.map(({ own }) => own)),
  };
}

/** The tokens of a group, bundle by bundle. */
function layOut(bundles: Bundles[number]): { bundles: BundlePlaces[]; length: number } {
  let length = 0;
  const take = (count: number): { start: number; length: number } => {
    length += count;
    return { start: length - count, length: count };
  };
  const places = bundles.map((sequences): BundlePlaces => {
    const shared = take(sharedPrefix(sequences));
    return { shared, own: sequences.map(({ tokens }) => take(tokens.length - shared.length)) };
  });
  return { bundles: places, length };
}

/** The flat row of a position of a sequence, or of the place where its scoring ends. */
function flatRow(
  batch: BatchShape,
  group: number,
  bundle: number,
  sibling: number,
  position: number,
): number {
  const places = batch.bundlePlaces[group]?.[bundle];
  const shared = places?.shared ?? { start: 0, length: 0 };
  const start = position < shared.length ? shared.start : (places?.own[sibling]?.start ?? 0) - shared.length;
  return group * batch.length + start + position;
}

/** What a batch reads, as the engine's tensors: see BundledTokens. */
export type TokenTensors = Readonly<
  Record<'tokens' | 'prefixRows' | 'textRows' | 'places' | 'prefixLengths', HostTensor>
>;

/** @throws RangeError for a token outside the vocabulary */
export function tokenTensors(
  groups: Bundles,
  batch: BatchShape,
  padToken: number,
  vocabularySize: number,
): TokenTensors {
  const { bundlePlaces, length, bundles, prefix, siblings, own } = batch;
  const rows = groups.length * length;
  const ofPrefixes = groups.length * bundles * prefix;
  const ofTexts = groups.length * bundles * siblings * own;
  const tokens = new BigInt64Array(rows).fill(BigInt(padToken));
  const grid = new BigInt64Array(ofPrefixes + ofTexts).fill(BigInt(rows));
  const places = new BigInt64Array(rows).fill(BigInt(grid.length));
  const prefixLengths = new BigInt64Array(groups.length * bundles);
  const lay = (place: number, row: number): void => {
    grid[place] = BigInt(row);
    places[row] = BigInt(place);
  };
  groups.forEach((ofGroup, group) => {
    let index = 0;
    ofGroup.forEach((sequences, bundle) => {
      const at = group * bundles + bundle;
      const shared = bundlePlaces[group]?.[bundle]?.shared.length ?? 0;
      prefixLengths[at] = BigInt(shared);
      sequences.forEach((sequence, sibling) => {
        for (let position = 0; position < sequence.tokens.length; position++) {
          const token = sequence.tokens[position] ?? -1;
          if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
            throw new RangeError(
              `Group ${group}, row ${index}, position ${position}: ${token} is no token of ${vocabularySize}`,
            );
          }
          const row = flatRow(batch, group, bundle, sibling, position);
          tokens[row] = BigInt(token);
          if (position < shared) lay(at * prefix + position, row);
          else lay(ofPrefixes + (at * siblings + sibling) * own + position - shared, row);
        }
        index += 1;
      });
    });
  });
  return {
    tokens: int64([groups.length, length], tokens),
    prefixRows: int64([groups.length, bundles, prefix], grid.subarray(0, ofPrefixes)),
    textRows: int64([groups.length, bundles, siblings, own], grid.subarray(ofPrefixes)),
    places: int64([groups.length, length], places),
    prefixLengths: int64([groups.length, bundles], prefixLengths),
  };
}

/** One entry to score: a flat row of hidden states, and where it came from. */
interface Pick {
  readonly flatRow: number;
  readonly group: number;
  /** among the sequences of its group */
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

  constructor(groups: Bundles, batch: BatchShape, blockRows: number) {
    const picks: Pick[] = [];
    groups.forEach((bundles, group) => {
      let row = 0;
      bundles.forEach((sequences, bundle) => {
        sequences.forEach((sequence, sibling) => {
          const { tokens, start } = sequence;
          if (!Number.isInteger(start) || start < 1) {
            throw new RangeError(
              `Group ${group}, row ${row}: scoring starts at ${start}, but the first token has nothing before it`,
            );
          }
          for (let offset = 0; offset < scoredCount(sequence); offset++) {
            const place = flatRow(batch, group, bundle, sibling, start + offset - 1);
            picks.push({ flatRow: place, group, row, offset, token: tokens[start + offset] ?? 0 });
          }
          row += 1;
        });
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
    const { bundlePlaces, length } = this.#batch;
    const data = new BigInt64Array(bundlePlaces.length * length).fill(BigInt(this.shape[0] * this.shape[1]));
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
