/** The form of attention that a decoding step takes: what was measured, and the ends of the scale. */
import { expect, it } from 'vitest';
import { namedShapes } from '../../../../../gpu-runner/llama/model/named-shapes.ts';
import { decodeAttentionFor } from '../../../../../gpu-runner/llama/backends/cuda/decode-attention.ts';

it.each([
  ['m1b', 1, 256, 'fused', 'measured: 5.5 ms a step, 7.4 two-part'],
  ['m1b', 64, 256, 'fused', 'measured: 6.8 ms a step, 8.9 two-part'],
  ['llama7b', 1, 256, 'fused', '0.1 ms of copies'],
  ['llama7b', 64, 256, 'two-part', '7 ms of copies'],
  ['m1b', 64, 4096, 'two-part', 'a long past'],
] as const)('%s at %i rows of %i: %s (%s)', (name, rows, positions, form, _why) => {
  expect(decodeAttentionFor(namedShapes[name], rows, positions)).toBe(form);
});
