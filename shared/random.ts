/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011).
 *
 * A draw is a pure function of (seed, stream, counter): no state, so a row's numbers never depend on the
 * batch, the shard or the order in which rows are computed (design promise 1).
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middleLow / 0x10000)) >>> 0;
}

/** Four unsigned 32-bit words of Philox4x32-10 for a 128-bit counter and a 64-bit key, all as 32-bit words. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

function words(value: number, name: string): [number, number] {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} must be a non-negative safe integer, got ${value}`);
  }
  return [value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0];
}

/**
 * One number in the open interval (0, 1), a pure function of its arguments; 23 random bits, so exact in fp32.
 *
 * @param seed experiment seed, a non-negative safe integer
 * @param stream who draws (a row, a shuffle, ...), a non-negative safe integer
 * @param counter which draw of that stream (a token position, ...), a non-negative safe integer
 * @throws RangeError if an argument is not a non-negative safe integer
 */
export function uniform(seed: number, stream: number, counter: number): number {
  const [s0, s1] = words(stream, 'stream');
  const [c0, c1] = words(counter, 'counter');
  const [word] = philox4x32([c0, c1, s0, s1], words(seed, 'seed'));
  return ((word >>> 9) + 0.5) / 0x80_0000;
}

/** One standard normal number (Box-Muller on two words of one counter); arguments as in {@link uniform}. */
export function normal(seed: number, stream: number, counter: number): number {
  const [s0, s1] = words(stream, 'stream');
  const [c0, c1] = words(counter, 'counter');
  const [a, b] = philox4x32([c0, c1, s0, s1], words(seed, 'seed'));
  return Math.sqrt(-2 * Math.log((a + 0.5) / 0x1_0000_0000)) * Math.cos((2 * Math.PI * b) / 0x1_0000_0000);
}

/** An integer in [0, bound); arguments as in {@link uniform}. @throws RangeError if bound is not in 1..2^23 */
export function integerBelow(bound: number, seed: number, stream: number, counter: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 0x80_0000) {
    throw new RangeError(`bound must be an integer in 1..2^23, got ${bound}`);
  }
  return Math.floor(uniform(seed, stream, counter) * bound);
}

/** A permutation of 0..length-1 (Fisher-Yates); a pure function of (length, seed, stream). */
export function permutation(length: number, seed: number, stream: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = integerBelow(last + 1, seed, stream, last);
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}
