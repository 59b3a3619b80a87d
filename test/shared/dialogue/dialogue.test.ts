import { describe, expect, it } from 'vitest';
import { promptOfDialogue, responseOfDialogue } from '../../../shared/dialogue/prompt-of-dialogue.ts';

describe('promptOfDialogue', () => {
  it('cuts after the LAST Assistant: and strips', () => {
    const dialogue = '\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d ';
    expect(promptOfDialogue(dialogue)).toBe('Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:');
    expect(responseOfDialogue(dialogue)).toBe('d');
  });

  it('refuses a dialogue without an assistant', () => {
    expect(() => promptOfDialogue('\n\nHuman: a')).toThrow('no turn "Assistant:" in the dialogue');
  });
});
