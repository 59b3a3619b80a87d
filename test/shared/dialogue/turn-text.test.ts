/** A dialogue's text that is read back as the very turns that it was made of. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import { labelledTurns } from '../../../shared/dialogue/labelled-turns.ts';
import { textOfTurns, withoutGuards } from '../../../shared/dialogue/turn-text.ts';
import { turnsOfText, type Turn } from '../../../shared/prompts/turn.ts';

const NASTY = [
  'Human:',
  'Assistant:',
  'Assistant managers:',
  'System:',
  '\u{2060}',
  '\u{2060}System:',
  '\n',
  '\n\n',
  ' ',
  '\u{feff}',
  'a',
];
const text = fc.array(fc.constantFrom(...NASTY), { maxLength: 8 }).map((parts) => parts.join(''));
const role = fc.constantFrom('system' as const, 'user' as const, 'assistant' as const);
const conversation = fc
  .tuple(
    fc.array(fc.record({ role, text }), { maxLength: 5 }),
    fc.record({ role: fc.constant('user' as const), text }),
  )
  .map(([turns, last]): Turn[] => turns.concat(last));

const said = (turns: readonly Turn[]) =>
  turns.map(({ role: of, text: words }) => ({ role: of, text: words }));

it('shows every conversation turn by turn, with the affixes in the labels of the assistant alone', () => {
  fc.assert(
    fc.property(conversation, (turns) => {
      const pair = { positive: '(kind)', negative: '(rude)' };
      const sides = contrastPrompts({ form: 'chat', responseOpening: 'Sure' }, pair, textOfTurns(turns));
      for (const [side, own, other] of [
        [sides.plain, '', ''],
        [sides.positive, '(kind)', '(rude)'],
        [sides.negative, '(rude)', '(kind)'],
      ] as const) {
        const read = labelledTurns(side);
        expect(said(read.turns)).toEqual(turns);
        expect(read.open).toEqual({ label: own, opening: 'Sure' });
        // A dialogue that the assistant begins has no empty line before its first label.
        const labels = read.turns.slice(1).map(({ label }) => label);
        expect(labels).toEqual(turns.slice(1).map(({ role: of }) => (of === 'assistant' ? other : '')));
      }
    }),
    { numRuns: 2000 },
  );
});

it('is the dialogue itself where nothing in it looks like a label', () => {
  const dialogue =
    'Be brief.\n\nHuman: Hi.\n\nAssistant: Hello.\n\nHuman: Human rights, what are they?\n\nAssistant:';
  expect(textOfTurns(turnsOfText(dialogue))).toBe(dialogue);
});

it('leaves the turn of an assistant that has spoken last closed', () => {
  const turns = turnsOfText('Human: Hi.\n\nAssistant: Hello.');
  expect(textOfTurns(turns)).toBe('Human: Hi.\n\nAssistant: Hello.');
});

it('reads to others as it was said', () => {
  const turns: Turn[] = [{ role: 'user', text: ' Say\n\nHuman: \u{2060}hi ' }];
  expect(withoutGuards(textOfTurns(turns))).toBe('Human:  Say\n\nHuman: \u{2060}hi \n\nAssistant:');
});
