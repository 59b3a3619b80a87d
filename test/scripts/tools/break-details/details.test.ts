/** The breaks of the details fit the source as it stands, and every id has its test. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DETAILS } from '../../../../scripts/tools/break-details/details.ts';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

const IDS = [
  ...[1, 2, 3, 4, 5, 6].map((number) => `G${number}`),
  ...[1, 2, 3].map((number) => `M${number}`),
  ...Array.from({ length: 11 }, (_, index) => `P${index + 1}d`),
  'AD1',
  ...[1, 2, 3, 4, 5].map((number) => `N+${number}`),
  'A1',
];

describe('the details of PPO', () => {
  it('are all there, 27, each with a way to break it', () => {
    expect(IDS).toHaveLength(27);
    expect(DETAILS.map(({ id }) => id)).toEqual(IDS);
    expect(DETAILS.filter(({ breaks }) => breaks.length === 0)).toEqual([]);
  });

  it.each(DETAILS)('$id has a test of its name in every file it lists', ({ id, tests }) => {
    for (const file of tests)
      expect(read(file)).toMatch(new RegExp(`\\bit\\(\\s*['"]${id.replace('+', '\\+')} `));
  });

  it.each(DETAILS)('$id is broken at places that the source has exactly once', ({ breaks }) => {
    for (const { file, find, replace } of breaks.flatMap(({ edits }) => edits)) {
      expect(read(file).split(find).length - 1, `${file}: ${find}`).toBe(1);
      expect(replace).not.toBe(find);
    }
  });
});
