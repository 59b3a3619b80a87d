/** The difference of JSON documents. */
import { assert, jsonValue, property } from 'fast-check';
import { expect, it } from 'vitest';
import { compareDocuments } from '../../shared/compare-documents.ts';

it('is empty for equal documents only, and swaps sides with its arguments', () => {
  assert(
    property(jsonValue(), jsonValue(), (before, after) => {
      expect(compareDocuments(before, structuredClone(before))).toEqual([]);
      const there = compareDocuments(before, after);
      const back = compareDocuments(after, before);
      const places = (changes: typeof there) =>
        changes.map(({ pointer }) => pointer).sort((a, b) => (a < b ? -1 : 1));
      expect(places(there)).toEqual(places(back));
      for (const change of there) {
        const mirrored = back.find(({ pointer }) => pointer === change.pointer);
        expect([mirrored?.before, mirrored?.after]).toEqual([change.after, change.before]);
      }
    }),
  );
});

it('escapes pointers and tells null from absent', () => {
  expect(compareDocuments({ 'a/b~': 1, gone: null }, { 'a/b~': [1], come: null })).toEqual([
    { pointer: '/a~1b~0', before: 1, after: [1] },
    { pointer: '/gone', before: null },
    { pointer: '/come', after: null },
  ]);
});
