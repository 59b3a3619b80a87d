/** A prefix that runs into the prompt is told of; nothing else is. */
import { describe, expect, it } from 'vitest';
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import { affixWarnings } from '../../../shared/principles/affix-warnings.ts';
import { presets } from '../../../shared/principles/presets.ts';

const pair = (positive: string, negative: string) => ({ positive, negative });

describe('affix warnings', () => {
  it('names each side that runs into the prompt, and shows how', () => {
    const definition = {
      form: 'prefix' as const,
      affixPairs: [pair('Kind:\n', 'Mean: '), pair('A very kind story about friends', 'Mean\u00a0')],
    };
    expect(affixWarnings(definition)).toEqual([
      {
        pointer: '#/affixPairs/1/positive',
        detail:
          'runs into the prompt, as in " story about friendsOnce upon a time": end it with a space or a new line',
      },
    ]);
    // It is what the prompt becomes.
    const [, second = pair('', '')] = definition.affixPairs;
    const { positive } = contrastPrompts({ form: 'prefix', responseOpening: '' }, second, 'Once upon a time');
    expect(positive).toContain('friendsOnce upon a time');
  });

  it('says nothing of dialogues, whose affixes stand in a label, nor of what comes with rlcd', () => {
    expect(affixWarnings({ form: 'dialogue', affixPairs: [pair('(kind)', '(mean)')] })).toEqual([]);
    for (const preset of presets)
      expect(affixWarnings({ ...preset, affixPairs: [...preset.affixPairs] })).toEqual([]);
  });
});
