import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { formatDialogue, parseDialogue } from '../../../shared/dialogue/dialogue.ts';
import { DialogueFormatError } from '../../../shared/dialogue/errors.ts';
import { promptOfDialogue, responseOfDialogue } from '../../../shared/dialogue/prompt-of-dialogue.ts';

describe('parseDialogue', () => {
  it('reads turns', () => {
    expect(parseDialogue('\n\nHuman: Hi\n\nAssistant: Hello\nHuman: not a turn\n\nAssistant:')).toEqual([
      { speaker: 'Human', text: ' Hi' },
      { speaker: 'Assistant', text: ' Hello\nHuman: not a turn' },
      { speaker: 'Assistant', text: '' },
    ]);
  });

  it('formats back to the same text', () => {
    const piece = fc.constantFrom('\n\nHuman:', '\n\nAssistant:', '\n', ' ', 'Human:', 'word', '\n\n');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const dialogue = `\n\nHuman:${pieces.join('')}`;
        expect(formatDialogue(parseDialogue(dialogue))).toBe(dialogue);
      }),
    );
  });

  it.each(['', 'Human: no newlines', 'text\n\nHuman: late'])('refuses %j', (dialogue) => {
    expect(() => parseDialogue(dialogue)).toThrow(DialogueFormatError);
  });
});

describe('promptOfDialogue', () => {
  it('cuts after the LAST Assistant: and strips', () => {
    const dialogue = '\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d ';
    expect(promptOfDialogue(dialogue)).toBe('Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:');
    expect(responseOfDialogue(dialogue)).toBe('d');
  });

  it('refuses a dialogue without an assistant', () => {
    expect(() => promptOfDialogue('\n\nHuman: a')).toThrow('no "Assistant:" in the dialogue');
  });
});
