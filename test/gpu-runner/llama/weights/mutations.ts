/** Seeded damage to files: bytes cut, changed, doubled and moved; JSON values replaced by absurd ones. */
import { integerBelow } from '../../../../shared/random.ts';

/** Draws of one fuzz case: the same seed and case give the same damage. */
export class Dice {
  readonly #seed: number;
  readonly #stream: number;
  #counter = 0;

  constructor(seed: number, stream: number) {
    this.#seed = seed;
    this.#stream = stream;
  }

  below(bound: number): number {
    return integerBelow(Math.min(Math.max(1, bound), 1 << 23), this.#seed, this.#stream, this.#counter++);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

const absurdIntegers = [0, -1, 1, 0x7fffffff, -0x80000000, 0x7fc00000, 0x7f800000, 255, 1 << 20];

/** A damaged copy of bytes; half of the damage falls into the first 300, where headers are. */
export function damageBytes(bytes: Uint8Array, dice: Dice): Buffer {
  const copy = Buffer.from(bytes);
  const place = dice.below(2) === 0 ? dice.below(Math.min(copy.length, 300)) : dice.below(copy.length);
  switch (dice.below(6)) {
    case 0:
      return copy.subarray(0, place);
    case 1:
      for (let count = dice.below(8); count >= 0; count--) copy[dice.below(copy.length)] = dice.below(256);
      return copy;
    case 2:
      copy[place] = (copy[place] ?? 0) ^ (1 << dice.below(8));
      return copy;
    case 3: {
      const aligned = Math.max(0, Math.min(copy.length - 4, place - (place % 4)));
      if (copy.length >= 4) copy.writeInt32LE(dice.pick(absurdIntegers), aligned);
      return copy;
    }
    case 4:
      return Buffer.concat([copy.subarray(0, place), copy.subarray(place, place + 16), copy.subarray(place)]);
    default:
      return Buffer.concat([copy.subarray(0, place), copy.subarray(place + 1 + dice.below(16))]);
  }
}

const absurdValues: readonly unknown[] = [
  null,
  -1,
  0,
  1.5,
  1e15,
  1e308,
  9_007_199_254_740_992,
  '',
  'x',
  '../../x',
  '\u{0}',
  [],
  {},
  [[[]]],
  true,
  ['x', 'x'],
];

/** A JSON text with one value replaced, removed or doubled somewhere inside. */
export function damageJson(text: string, dice: Dice): string {
  const root: unknown = JSON.parse(text);
  let container = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(container);
    const key = keys.length === 0 ? 'x' : dice.pick(keys);
    const child = container[key];
    const descends = typeof child === 'object' && child !== null && dice.below(4) !== 0;
    if (descends) {
      container = child as Record<string, unknown>;
      continue;
    }
    const choice = dice.below(8);
    if (choice === 0) delete container[key];
    else if (choice === 1) container[`${key}x`] = child;
    else container[key] = dice.pick(absurdValues);
    return JSON.stringify(root);
  }
}
