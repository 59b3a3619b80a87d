/** The forms of a row of an upload. */
import { describe, expect, it } from 'vitest';
import { parseRow } from '../../edge/domain/prompt-sets/parse-row.ts';

const row = (value: unknown) => parseRow(Buffer.from(JSON.stringify(value)));

describe('parseRow', () => {
  it('takes a prompt with the two responses that people compared, as exports write them', () => {
    const pair = { prompt: 'p', chosen: 'a', rejected: 'b' };
    const parsed = { ...pair, split: 'train', unpaired: false };
    expect(row({ ...pair, split: 'train' })).toEqual(parsed);
    expect(row({ ...pair, label_probability: 1, split: 'train' })).toEqual(parsed);
  });

  it('refuses a soft label, half a pair and an unknown field by name', () => {
    const pair = { prompt: 'p', chosen: 'a', rejected: 'b' };
    expect(() => row({ ...pair, label_probability: 0.7 })).toThrow(/label_probability: must be 1/);
    expect(() => row({ prompt: 'p', chosen: 'a' })).toThrow(/rejected/);
    expect(() => row({ ...pair, more: 1 })).toThrow(/more/);
  });
});
