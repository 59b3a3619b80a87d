import { describe, expect, it } from 'vitest';
import { describeContrast } from '../../../gpu-runner/algorithms/contrast/describe-contrast.ts';
import { bestContrast, faultOfContrast } from '../../../shared/principles/choose-pair.ts';

/** 32 prompts: of their 64 answers so many are told apart and so many refused. */
function contrastOf(apart: number, nats = 1, refused = 0) {
  const answer = (place: number) => ({
    text: 'a',
    tokens: 4,
    refused: place < refused ? 'empty' : null,
    truncated: false,
    nats: place < apart ? nats : -nats,
  });
  const answers = Array.from({ length: 32 }, (_, row) => ({
    prompt: 'p',
    positive: answer(2 * row),
    negative: answer(2 * row + 1),
  }));
  return { ...describeContrast(answers), leftOut: undefined, rates: { sampled: 1, read: 1 } };
}

describe('the best contrast', () => {
  it('is the one that is told apart most often, then by the weaker side', () => {
    expect(bestContrast([contrastOf(50), contrastOf(60), contrastOf(55)])).toBe(1);
    expect(bestContrast([contrastOf(60, 1), contrastOf(60, 3)])).toBe(1);
  });

  it('is none that is told apart by chance, or whose answers are mostly refused', () => {
    expect(faultOfContrast(contrastOf(36))).toMatch(/told apart/);
    expect(faultOfContrast(contrastOf(64, 1, 40))).toMatch(/refused/);
    expect(faultOfContrast(contrastOf(50))).toBeNull();
    expect(bestContrast([contrastOf(36), contrastOf(64, 1, 40)])).toBeNull();
    expect(bestContrast([contrastOf(36), contrastOf(50)])).toBe(1);
    expect(bestContrast([])).toBeNull();
  });
});
