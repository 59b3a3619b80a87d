import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { filterDialogueResponse } from '../../../shared/dialogue/filter-dialogue-response.ts';
import { filterResponse } from '../../../shared/dialogue/filter-response.ts';
import { filterStoryResponse } from '../../../shared/dialogue/filter-story-response.ts';
import golden from '../../fixtures/dialogue/filter-responses.json' with { type: 'json' };

const expected = ({ response, reason }: { response?: string; reason?: string }) =>
  response === undefined ? { accepted: false, reason } : { accepted: true, response };

const text = fc
  .array(fc.constantFrom('Human', 'Assistant:', '\n', '</s>', ' ', 'ab', '.', '"', '!', 'x y'), {
    maxLength: 14,
  })
  .map((parts) => parts.join(''));

describe('filterDialogueResponse', () => {
  it.each(golden.dialogue)('golden: $case', (row) => {
    expect(filterDialogueResponse(row.generated)).toEqual(expected(row));
    expect(filterResponse('dialogue', row.generated)).toEqual(expected(row));
  });

  it('has a golden row for every rejection reason', () => {
    const reasons = new Set(golden.dialogue.flatMap((row) => row.reason ?? []));
    expect([...reasons].sort()).toEqual(['empty', 'no-human-turn', 'no-line-end']);
  });

  it('accepts only stripped, non-empty text without Human and </s>', () => {
    fc.assert(
      fc.property(text, (generated) => {
        const result = filterDialogueResponse(generated);
        if (!result.accepted) return;
        expect(result.response).toBe(result.response.trim());
        expect(result.response).not.toMatch(/^$|Human|<\/s>/);
        expect(generated).toContain(result.response);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('filterStoryResponse', () => {
  it.each(golden.story)('golden: $case', (row) => {
    expect(filterStoryResponse(row.generated)).toEqual(expected(row));
    expect(filterResponse('prefix', row.generated)).toEqual(expected(row));
  });

  it('has a golden row for every rejection reason', () => {
    const reasons = new Set(golden.story.flatMap((row) => row.reason ?? []));
    expect([...reasons].sort()).toEqual(['empty', 'no-sentence-end']);
  });

  it('is idempotent and ends at a sentence end', () => {
    fc.assert(
      fc.property(text, (generated) => {
        const result = filterStoryResponse(generated);
        if (!result.accepted) return;
        expect(filterStoryResponse(result.response)).toEqual(result);
        expect(result.response).toMatch(/[.!?]["'”’)]*$/);
      }),
      { numRuns: 2000 },
    );
  });
});
