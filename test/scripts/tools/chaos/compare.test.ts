/** The comparison of two runs: every lost, doubled and changed row and every differing byte is counted. */
import { assert, constantFrom, integer, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEvidence } from '../../../../scripts/tools/chaos/compare.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const row = (key: string, value = 1) => ({ key, value });
const clean = {
  differingBytes: 0,
  differingDocuments: [],
  lostMetricRows: 0,
  doubledMetricRows: 0,
  changedMetricRows: 0,
};

describe('comparison of evidence', () => {
  const reference = {
    documents: new Map([['a', bytes(1, 2, 3)]]),
    rows: [row('ppo/0/reward/1'), row('ppo/0/reward/2', 2), row('ppo/0/timing/update_seconds/1', 9)],
  };

  it('finds nothing between equal runs', () => {
    expect(compareEvidence(reference, reference)).toEqual(clean);
  });

  it('counts differing bytes at any place and any length', () => {
    assert(
      property(
        uint8Array({ minLength: 1 }),
        integer({ min: 0 }),
        constantFrom('change', 'cut', 'grow'),
        (given, at, how) => {
          const found =
            how === 'cut'
              ? given.slice(0, -1)
              : how === 'grow'
                ? Uint8Array.from([...given, 0])
                : given.slice();
          if (how === 'change') found[at % given.length] = ((given[at % given.length] ?? 0) + 1) % 256;
          const difference = compareEvidence(
            { documents: new Map([['a', given]]), rows: [] },
            { documents: new Map([['a', found]]), rows: [] },
          );
          expect(difference).toEqual({ ...clean, differingBytes: 1, differingDocuments: ['a'] });
        },
      ),
    );
  });

  it('counts a document that one side lacks', () => {
    const found = { ...reference, documents: new Map([['b', bytes(7)]]) };
    expect(compareEvidence(reference, found)).toEqual({
      ...clean,
      differingBytes: 4,
      differingDocuments: ['a', 'b'],
    });
  });

  it('tells lost, doubled and changed rows apart', () => {
    const [first, second, time] = reference.rows;
    const compare = (rows: readonly (typeof first)[]) =>
      compareEvidence(reference, { ...reference, rows: rows.filter((one) => one !== undefined) });
    expect(compare([first, time])).toEqual({ ...clean, lostMetricRows: 1 });
    expect(compare([first, second, second, time])).toEqual({ ...clean, doubledMetricRows: 1 });
    expect(compare([first, row('ppo/0/reward/2', 2.0000001), time])).toEqual({
      ...clean,
      changedMetricRows: 1,
    });
    expect(compare([first, second, time, row('ppo/0/reward/3')])).toEqual({ ...clean, changedMetricRows: 1 });
  });

  it('lets times differ, but not go missing', () => {
    const [first, second] = reference.rows;
    const rows = [first, second].filter((one) => one !== undefined);
    const other = { ...reference, rows: [...rows, row('ppo/0/timing/update_seconds/1', 5)] };
    expect(compareEvidence(reference, other)).toEqual(clean);
    expect(compareEvidence(reference, { ...reference, rows })).toEqual({ ...clean, lostMetricRows: 1 });
  });
});
