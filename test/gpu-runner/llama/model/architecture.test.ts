/** Records that contradict themselves are refused by field, fault and cure. */
import { describe, expect, it } from 'vitest';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { type Architecture, validateArchitecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import { smallShape } from '../sampler/small-model.ts';
import { familyVariants } from '../trainer/fixtures.ts';

const { rope } = smallShape;
const yarn = {
  kind: 'yarn',
  factor: 4,
  originalMaximumPositions: 64,
  betaFast: 32,
  betaSlow: 1,
  attentionFactor: null,
  truncate: true,
} as const;

describe('an architecture record', () => {
  it.each(familyVariants)('may have %s', (_name, architecture) => {
    expect(validateArchitecture(architecture, 'base.json')).toEqual(architecture);
  });

  it.each<[string, Partial<Architecture>, RegExp]>([
    ['a window too few', { windows: [8] }, /windows: has 1 entries for 2 layers/],
    ['a window of nothing', { windows: [0, null] }, /windows\.0: /],
    ['an odd rotary size', { rope: { ...rope, rotarySize: 7 } }, /rope\.rotarySize: is 7: it must be even/],
    ['a rotary size above the head', { rope: { ...rope, rotarySize: 18 } }, /at most the head size 16/],
    [
      'a layer that is not there',
      { rope: { ...rope, layersWithout: [2] } },
      /rope\.layersWithout: .* 2 layers/,
    ],
    ['a layer twice', { rope: { ...rope, layersWithout: [1, 1] } }, /rope\.layersWithout: must be rising/],
    [
      'factors of another head',
      { rope: { ...rope, scaling: { kind: 'longrope', factors: [1, 2], attentionFactor: 1 } } },
      /rope\.scaling\.factors: has 2 entries for 8 pairs/,
    ],
    [
      'a fast beta below the slow',
      { rope: { ...rope, scaling: { ...yarn, betaFast: 0.5 } } },
      /rope\.scaling: betaFast is below betaSlow/,
    ],
    ['a theta of 1 under yarn', { rope: { ...rope, theta: 1, scaling: yarn } }, /rope\.theta: is 1/],
    ['a negative cap', { softCaps: { attention: -1, logits: null } }, /softCaps\.attention: /],
    ['an embedding of zeros', { embeddingScale: 0 }, /embeddingScale: /],
  ])('is refused with %s', (_name, changes, message) => {
    const open = (): Architecture => validateArchitecture({ ...smallShape, ...changes }, 'base.json');
    expect(open).toThrow(ModelFileError);
    expect(open).toThrow(message);
  });
});
