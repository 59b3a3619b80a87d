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

const own = (apart: number, nats = 1, refused = 0) =>
  ({ by: 'template', measured: contrastOf(apart, nats, refused) }) as const;
const models = (apart: number, nats = 1, refused = 0) =>
  ({ by: 'model', measured: contrastOf(apart, nats, refused) }) as const;

describe('the best contrast', () => {
  it('is the one that is told apart most often, then by the weaker side', () => {
    expect(bestContrast([own(50), own(60), own(55)])).toBe(1);
    expect(bestContrast([own(60, 1), own(60, 3)])).toBe(1);
    expect(bestContrast([models(50), models(60)])).toBe(1);
  });

  it('is none that is told apart by chance, or whose answers are mostly refused', () => {
    expect(faultOfContrast(contrastOf(36))).toMatch(/told apart/);
    expect(faultOfContrast(contrastOf(64, 1, 40))).toMatch(/refused/);
    expect(faultOfContrast(contrastOf(50))).toBeNull();
    expect(bestContrast([own(36), own(64, 1, 40)])).toBeNull();
    expect(bestContrast([own(36), own(50)])).toBe(1);
    expect(bestContrast([])).toBeNull();
  });

  it("is one of the sentence's own words unless a model's is better by more than chance", () => {
    // 58 of 64 is 90.6 % [81.0, 95.6], 57 is 89.1 % [79.1, 94.6], and 45 is 70.3 % [58.2, 80.1].
    expect(bestContrast([own(50), models(58), own(57)])).toBe(2);
    expect(bestContrast([own(45), models(58), own(40)])).toBe(1);
    // Words of one's own that cannot be used are no reason.
    expect(bestContrast([own(36), models(50)])).toBe(1);
  });
});
