import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { principleDefinition } from '../../../shared/api/principles.ts';
import { SIMULATE_DEFAULTS } from '../../../shared/api/tasks/simulate.ts';
import { presets } from '../../../shared/principles/presets.ts';
import { judgeTexts, rlaifScoringTemplate } from '../../../shared/principles/scoring-prompts.ts';
import { harmlessness } from '../../../shared/principles/harmlessness.ts';
import { helpfulness } from '../../../shared/principles/helpfulness.ts';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { kindStories } from '../../../shared/principles/kind-stories/kind-stories.ts';
import { words } from '../../../shared/text/words.ts';
import { readSharedData } from '../read-shared-data.ts';

/** Token strings that the official code's simulation never samples. */
const bannedInSimulation = ['\\', '\\\\', '`', '```'];

/** Everything quoted from the official code, in the shape of the reference file. */
const quoted = {
  harmlessness: { pairs: harmlessness.affixPairs },
  helpfulness: { pairs: helpfulness.affixPairs },
  rlaifScoringPrompt: rlaifScoringTemplate,
  judge: {
    system: judgeTexts.system,
    temperature: judgeTexts.temperature,
    preamble: `${judgeTexts.preamble}{conversation without its last 'Assistant:'}`,
    options: judgeTexts.options,
    questions: {
      harmless: judgeTexts.questions.harmless,
      harmless_helpful: judgeTexts.questions.harmlessHelpful,
      helpful: judgeTexts.questions.helpful,
      outline: judgeTexts.questions.outline,
    },
  },
  bannedTokensInSimulation: bannedInSimulation,
};

const reference = readSharedData('reference/rlcd-prompts.json');

describe('presets', () => {
  it('are four, with 16, 1, 3 and 8 pairs', () => {
    expect(presets.map(({ name, form, affixPairs }) => [name, form, affixPairs.length])).toEqual([
      ['harmlessness', 'dialogue', 16],
      ['helpfulness', 'dialogue', 1],
      ['outline', 'dialogue', 3],
      ['kind-stories', 'prefix', 8],
    ]);
  });

  it('have affixes that differ, scoring instructions, and a stated source', () => {
    for (const { affixPairs, source, description } of presets) {
      expect(source).toMatch(/MIT/);
      expect(description).not.toBe('');
      for (const { positive, negative, scoringInstruction } of affixPairs) {
        expect(positive).not.toBe(negative);
        expect(scoringInstruction).toMatch(/\w[.?]$/);
      }
    }
  });

  it('are valid definitions for the API, and none of their text is changed by it', () => {
    for (const { name: _name, source: _source, ...definition } of presets) {
      expect(principleDefinition.parse(definition)).toEqual(definition);
    }
  });

  it('dialogue affixes are parenthesised, prefix affixes are whole lines', () => {
    for (const { form, affixPairs } of presets) {
      const shape = form === 'dialogue' ? /^\(.+\)$/ : /^[A-Z].+\.\n$/;
      for (const { positive, negative } of affixPairs) {
        expect(positive).toMatch(shape);
        expect(negative).toMatch(shape);
      }
    }
  });

  it('kind-stories pairs are alike on the surface: as many words, within one, and at least 40 % of them shared', () => {
    for (const { positive, negative } of kindStories.affixPairs) {
      const [kind, mean] = [words(positive), words(negative)];
      expect(Math.abs(kind.length - mean.length)).toBeLessThanOrEqual(1);
      expect(kind.filter((word) => mean.includes(word)).length / kind.length).toBeGreaterThanOrEqual(0.4);
    }
  });

  it('a kind-stories affix is three tone lines of one tone; each line is in three affixes', () => {
    for (const [side, tone] of [
      ['positive', 'kind'],
      ['negative', 'mean'],
    ] as const) {
      const inside = toneLines.map((line) =>
        kindStories.affixPairs.flatMap((pair, index) => (pair[side].includes(line[tone]) ? [index] : [])),
      );
      expect(inside.map(({ length }) => length)).toEqual(toneLines.map(() => 3));
      kindStories.affixPairs.forEach((pair, index) => {
        const lines = toneLines.filter((_, line) => inside[line]?.includes(index)).map((line) => line[tone]);
        expect(pair[side].trimEnd().length).toBe(lines.join(' ').length);
      });
    }
  });

  it('what the official code never samples is banned by default', () => {
    for (const token of bannedInSimulation) {
      expect(SIMULATE_DEFAULTS.bannedTexts.some((text) => token.includes(text))).toBe(true);
    }
  });

  it('quoted strings have not been touched (hash of all of them)', () => {
    const hash = createHash('sha256').update(JSON.stringify(quoted)).digest('hex');
    expect(hash).toBe('91e0f4193261a19210722d9afd0437fff18818977f52534f1cc00fe4fd52efa0');
  });

  it.skipIf(reference === null)('quoted strings equal the reference file', () => {
    expect(JSON.parse(reference ?? '')).toMatchObject(quoted);
  });
});
