import { expect, it } from 'vitest';
import { ApiError } from '../../shared/api/client.ts';
import { explain } from '../../shared/explain.ts';
import { UserError } from '../../shared/user-error.ts';

it('says what a person can mend in one line, the fault and then its cure', () => {
  expect(explain(new UserError('a.bin: is cut short', { cure: 'Fetch it again' }))).toBe(
    'a.bin: is cut short. Fetch it again.',
  );
  expect(explain(new UserError('PORT is 0: set another'))).toBe('PORT is 0: set another');
});

it('names the fields that the edge refused', () => {
  const refusal = new ApiError('createKey', {
    type: 'urn:rlcd:problem:invalid-request',
    title: 'The request is not valid',
    status: 400,
    detail: 'see errors',
    errors: [{ in: 'body', pointer: '/name', detail: 'is too long' }],
  });
  expect(explain(refusal)).toBe('createKey: 400 The request is not valid: see errors\n  /name: is too long');
  expect(refusal).toMatchObject({ code: 'invalid-request', retryable: false });
});

it('shows a fault of the program with its stack and its causes', () => {
  const text = explain(new TypeError('no such row', { cause: new UserError('the disk is full') }));
  expect(text).toMatch(/^TypeError: no such row\n {4}at .*explain\.test\.ts/);
  expect(text).toMatch(/because of the disk is full$/);
});
