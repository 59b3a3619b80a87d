/** The held-out split never shares a prompt with the training part. */
import * as fastCheck from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heldOutSplit } from '../../../../gpu-runner/algorithms/preference-model/held-out-split.ts';

describe('held-out split', () => {
  it('keeps prompts whole, loses no pair, keeps the order and repeats itself', () => {
    fastCheck.assert(
      fastCheck.property(
        fastCheck.array(fastCheck.integer({ min: 0, max: 30 }), { minLength: 40, maxLength: 80 }),
        fastCheck.integer({ min: 1, max: 10 }),
        fastCheck.nat(1000),
        (prompts, wanted, seed) => {
          fastCheck.pre(new Set(prompts).size > 15);
          const pairs = prompts.map((prompt, index) => ({ prompt: `p${prompt}`, index }));
          const { train, heldOut } = heldOutSplit(pairs, wanted, seed);
          expect(heldOut.length).toBeGreaterThanOrEqual(wanted);
          const seen = new Set(train.map((pair) => pair.prompt));
          expect(heldOut.some((pair) => seen.has(pair.prompt))).toBe(false);
          expect([...train, ...heldOut].toSorted((a, b) => a.index - b.index)).toEqual(pairs);
          expect(train.map((pair) => pair.index)).toEqual(
            train.map((pair) => pair.index).toSorted((a, b) => a - b),
          );
          expect(heldOutSplit(pairs, wanted, seed)).toEqual({ train, heldOut });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('holds out a fifth of a set that is too small for what was asked', () => {
    const pairs = Array.from({ length: 50 }, (_, row) => ({ prompt: `p${row}` }));
    const heldOut = (wanted: number) => heldOutSplit(pairs, wanted, 1).heldOut.length;
    expect([heldOut(25), heldOut(26), heldOut(300)]).toEqual([25, 10, 10]);
  });

  it('refuses to leave nothing to train on', () => {
    const pairs = [{ prompt: 'a' }, { prompt: 'a' }];
    expect(() => heldOutSplit(pairs, 1, 0)).toThrow(/2 pairs over 1 prompts leave 0 to train on/);
    expect(() => heldOutSplit([], 1, 0)).toThrow(/0 pairs/);
    expect(() => heldOutSplit([{ prompt: 'a' }, { prompt: 'b' }], 0, 0)).toThrow(/hold out fewer/);
  });
});
