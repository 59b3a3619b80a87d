/** What is said of a value that the contract does not allow. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { baseModelEndpoints } from '../../../shared/api/base-models.ts';
import { experimentEndpoints } from '../../../shared/api/experiments.ts';
import { fieldErrors } from '../../../shared/api/field-errors.ts';

function errorsOf(schema: z.ZodType, value: unknown) {
  const { error } = schema.safeParse(value);
  return fieldErrors('body', error?.issues ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
}

describe('errors of fields', () => {
  const { body } = baseModelEndpoints.createBaseModel;

  it('name each field by its pointer', () => {
    const schema = z.strictObject({ 'a/b': z.array(z.int().min(1, 'must be 1 at least')) });
    expect(errorsOf(schema, { 'a/b': [1, 0], more: 1 })).toEqual([
      '#/a~1b/1 must be 1 at least',
      '#/more is not a known field; leave it out',
    ]);
  });

  it('of one of several objects are those of the one that was meant', () => {
    const served = { kind: 'served', name: 'large', url: 'http://somewhere.example/v1', model: '' };
    expect(errorsOf(body, served)).toEqual([
      expect.stringMatching(/^#\/url must be an https address/),
      '#/model must not be empty',
    ]);
    // Of another type altogether, which leaves no form that only a check refuses.
    expect(errorsOf(body, { ...served, model: 3 })).toEqual([
      expect.stringMatching(/^#\/url must be an https address/),
      '#/model is 3; give a text',
    ]);
    const opened = { name: 'small', source: 'bundled', weightsSha256: 'f', contextLength: 8 };
    expect(errorsOf(body, { ...opened, parameterCount: 1 })).toEqual([
      expect.stringMatching(/^#\/weightsSha256 /),
    ]);
    expect(errorsOf(body, { ...opened, parameterCount: 'many' })).toEqual([
      expect.stringMatching(/^#\/weightsSha256 /),
      '#/parameterCount is a text; give a number',
    ]);
  });

  it('of what is no object at all are of the whole', () => {
    const version = experimentEndpoints.createExperiment.body.shape.principle;
    expect(errorsOf(version, { name: 'kind', version: true })).toEqual([
      '#/version is true; give a number or a text',
    ]);
    expect(errorsOf(body, 'text')).toEqual(['# is a text; give an object with fields']);
  });
});
