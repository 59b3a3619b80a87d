/** The answers that the reference shows have the form that the contract tells, every operation one. */
import { describe, expect, it } from 'vitest';
import shown from '../../edge/http/reference/answers.json' with { type: 'json' };
import { contract, type OperationId } from '../../shared/api/contract.ts';
import { createFolder } from '../edge/node-store.ts';
import { jsonForm, recordAnswers } from './record-answers.ts';

const wanted = (Object.keys(contract) as OperationId[]).filter((id) => jsonForm(id));

/** Held against the form, which strips what it does not know and fills in what is missing. */
function expectForm(answers: Readonly<Record<string, unknown>>): void {
  for (const id of wanted) expect(jsonForm(id)?.parse(answers[id]), id).toEqual(answers[id]);
}

describe('examples of answers', () => {
  it('are shown of every operation that answers JSON, in its form', () => {
    expect(Object.keys(shown).toSorted()).toEqual(wanted.toSorted());
    expectForm(shown);
  });

  it('are recorded anew by npm run examples: whole, short, with nothing that was drawn', async () => {
    const answers = await recordAnswers(createFolder());
    expectForm(answers);
    const text = JSON.stringify(answers);
    expect(text).toMatch(/"secret":"rlcd_019ab0e7-6c00-7000-8000-0{9}\d{3}_…"/);
    const ids = text.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
    expect(ids.length).toBeGreaterThan(100);
    expect(ids.filter((id) => !id.startsWith('019ab0e7-6c00-'))).toEqual([]);
  });
});
