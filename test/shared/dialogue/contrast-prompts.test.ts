import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { affixPairIndex, contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import { DialogueFormatError } from '../../../shared/dialogue/errors.ts';
import type { Placement } from '../../../shared/principles/placement.ts';
import { harmlessness } from '../../../shared/principles/harmlessness.ts';
import golden from '../../fixtures/dialogue/contrast-prompts.json' with { type: 'json' };

describe('contrastPrompts', () => {
  it.each(golden)('golden: $case', ({ form, responseOpening, pair, prompt, positive, negative, plain }) => {
    const principle = {
      form: form === 'prefix' ? ('prefix' as const) : ('dialogue' as const),
      responseOpening,
    };
    expect(contrastPrompts(principle, pair, prompt)).toEqual({ positive, negative, plain });
  });

  it('mirrors: swapping the affixes swaps the sides', () => {
    const turn = fc.stringMatching(/^[a-zA-Z $&:().,\n]{0,40}$/);
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 5 }), (turns) => {
        const prompt = turns.map((text) => `Human: ${text}\n\nAssistant:`).join(' ok\n\n');
        const pair = { positive: '(plus)', negative: '(minus)' };
        const there = contrastPrompts(harmlessness, pair, prompt);
        const back = contrastPrompts(harmlessness, { positive: '(minus)', negative: '(plus)' }, prompt);
        expect(back.positive).toBe(there.negative);
        expect(back.negative).toBe(there.positive);
        const plusses = there.positive.split('(plus)').length - 1;
        expect(plusses).toBe(1);
        expect(there.positive.endsWith('Assistant (plus):')).toBe(true);
        expect(there.positive.replaceAll(/ \((plus|minus)\)/g, '')).toBe(prompt);
      }),
    );
  });

  describe('in a chat puts the affix where the placement says, and leaves the history as it is', () => {
    const pair = { positive: '(kind)', negative: '(rude)' };
    const history = 'Human: Hi.\n\nAssistant: Ho.\n\nHuman: He?';
    const sides = (placement: Placement, prompt: string, responseOpening = '') =>
      contrastPrompts({ form: 'chat', responseOpening, placement }, pair, prompt);

    it.each([
      ['system', `(kind)\n\n${history}\n\nAssistant:`],
      ['user', `${history} (kind)\n\nAssistant:`],
      ['answer', `${history}\n\nAssistant: (kind)`],
      ['label', `${history.replace('nt:', 'nt (rude):')}\n\nAssistant (kind):`],
    ] as const)('%s', (placement, positive) => {
      const found = sides(placement, `${history}\n\nAssistant:`);
      expect(found.positive).toBe(positive);
      expect(found.negative).toBe(
        positive.replaceAll(/kind|rude/g, (word) => (word === 'kind' ? 'rude' : 'kind')),
      );
      expect(found.plain).toBe(`${history}\n\nAssistant:`);
    });

    it('and behind a system turn, before an opening of the answer', () => {
      expect(sides('system', `Be brief.\n\n${history}`, 'Well,').positive).toBe(
        `Be brief.\n\n(kind)\n\n${history}\n\nAssistant: Well,`,
      );
      expect(sides('answer', 'Hi.', 'Well,').positive).toBe('Human: Hi.\n\nAssistant: (kind) Well,');
      expect(sides('user', 'Hi.', 'Well,').positive).toBe('Human: Hi. (kind)\n\nAssistant: Well,');
    });
  });

  it('opens the turn of the assistant behind a question', () => {
    const pair = { positive: '(a)', negative: '(b)' };
    for (const prompt of ['x', 'Human: x', 'Human: x\n\nAssistant:', 'Human: x\n\nAssistant: ']) {
      expect(contrastPrompts(harmlessness, pair, prompt)).toEqual({
        positive: 'Human: x\n\nAssistant (a):',
        negative: 'Human: x\n\nAssistant (b):',
        plain: 'Human: x\n\nAssistant:',
      });
    }
  });

  it('refuses a dialogue prompt in which nobody waits for an answer', () => {
    const pair = { positive: '(a)', negative: '(b)' };
    for (const prompt of ['', 'Assistant:', 'Human: x\n\nAssistant: hi', 'Human:']) {
      expect(() => contrastPrompts(harmlessness, pair, prompt)).toThrow(DialogueFormatError);
    }
  });
});

describe('affixPairIndex', () => {
  it('is uniform over 16 pairs (chi-square, 15 degrees of freedom, p > 0.001) and a function of seed and row', () => {
    const counts = new Float64Array(16);
    for (let row = 0; row < 8000; row++) {
      const index = affixPairIndex(16, 3, row);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    expect(counts.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(37.7);
    expect(affixPairIndex(16, 3, 77)).toBe(affixPairIndex(16, 3, 77));
    expect(Array.from({ length: 50 }, (_, row) => affixPairIndex(16, 3, row))).not.toEqual(
      Array.from({ length: 50 }, (_, row) => affixPairIndex(16, 4, row)),
    );
  });
});
