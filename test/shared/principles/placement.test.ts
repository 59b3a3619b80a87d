import { describe, expect, it } from 'vitest';
import { PLACEMENTS, placementIn, requirePlaceable } from '../../../shared/principles/placement.ts';

describe('where affixes go', () => {
  it('is what the principle says in a chat, and the label in a dialogue', () => {
    for (const placement of PLACEMENTS) expect(placementIn('chat', placement)).toBe(placement);
    expect(placementIn('dialogue', undefined)).toBe('label');
    expect(placementIn('dialogue', 'label')).toBe('label');
    expect(placementIn('prefix', undefined)).toBe('label');
  });

  it.each(PLACEMENTS.filter((placement) => placement !== 'label'))(
    '%s is refused with its cure for a dialogue in plain text',
    (placement) => {
      expect(() => placementIn('dialogue', placement)).toThrow(
        new RegExp(`placement ${placement} goes with .*chat template.*Leave placement out`),
      );
    },
  );

  it.each(PLACEMENTS)('%s is refused for affixes in front of a text', (placement) => {
    expect(() => placementIn('prefix', placement)).toThrow(/in front of a text.*Leave it out/);
  });

  it.each([
    ['(kind: polite)', 'a colon'],
    ['(kind\npolite)', 'a line break'],
    ['(kind\rpolite)', 'a line break'],
  ])('an affix that would end the label is refused by name, and stands elsewhere: %j', (affix, fault) => {
    for (const pair of [
      { positive: affix, negative: '(rude)' },
      { positive: '(kind)', negative: affix },
    ]) {
      const affixPairs = [{ positive: '(good)', negative: '(bad)' }, pair];
      expect(() => requirePlaceable('chat', { affixPairs })).toThrow(
        new RegExp(`the affix "\\(kind.*holds ${fault}.*placement label.*system, user or answer`),
      );
      expect(() => requirePlaceable('chat', { affixPairs, placement: 'user' })).not.toThrow();
      expect(() => requirePlaceable('dialogue', { affixPairs })).not.toThrow();
      expect(() => requirePlaceable('prefix', { affixPairs })).not.toThrow();
    }
  });
});
