/** Table-driven tests over the OpenAPI document: a new route is in them without being named. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { contract } from '../../shared/api/contract.ts';
import type { Endpoint } from '../../shared/api/endpoint.ts';
import { SCOPES } from '../../shared/api/words.ts';
import { createHarness } from './harness.ts';
import { createFolder, openNodeStore } from './node-store.ts';

const documentForm = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ operationId: z.string(), security: z.array(z.object({ key: z.array(z.enum(SCOPES)) })) }),
    ),
  ),
});

const folder = createFolder();
const harness = await createHarness(async () => openNodeStore(folder));
const published = z
  .record(z.string(), z.unknown())
  .parse(await (await harness.fetch('/openapi.json')).json());
const operations = Object.entries(documentForm.parse(published).paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, security }]) => ({
    operationId,
    method: method.toUpperCase(),
    path: path.replaceAll(/\{\w+\}/g, 'x'),
    scopes: security.flatMap(({ key }) => key),
  })),
);

describe('the OpenAPI document', () => {
  it('is accepted by a public validator', async () => {
    const result = await new Validator().validate(structuredClone(published));
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  it('has every operation of the contract, once, with its scopes', () => {
    const endpoints = Object.entries<Endpoint>(contract).map(([id, { scopes }]) => [id, scopes]);
    expect(operations).toHaveLength(endpoints.length);
    expect(Object.fromEntries(operations.map(({ operationId, scopes }) => [operationId, scopes]))).toEqual(
      Object.fromEntries(endpoints),
    );
  });

  it('allows null where it says so: no schema beside one that refuses it', () => {
    const isNull = ({ type }: { type?: unknown }) => [type].flat().includes('null');
    const found: string[] = [];
    const look = (value: unknown, place: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('allOf' in value && Array.isArray(value.allOf)) {
        const parts: { type?: unknown }[] = value.allOf;
        if (parts.some(isNull) && !parts.every(isNull)) found.push(place);
      }
      for (const [name, inner] of Object.entries(value)) look(inner, `${place}/${name}`);
    };
    look(published, '#');
    expect(found).toEqual([]);
  });

  it('is shown whole by the reference page, which needs nothing from another host', async () => {
    const page = await (await harness.fetch('/reference')).text();
    for (const { operationId } of operations) expect(page).toContain(operationId);
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });
});

describe('scopes', () => {
  for (const { operationId, method, path, scopes } of operations) {
    if (scopes.length === 0) continue;
    const status = async (key?: string) =>
      (await harness.fetch(path, key === undefined ? { method } : { method, key })).status;

    it(`${operationId} refuses a missing and a wrong key, and every scope but ${scopes.join(', ')}`, async () => {
      expect(await status()).toBe(401);
      expect(await status('rlcd_wrong')).toBe(401);
      for (const scope of SCOPES) {
        const seen = await status(harness.secrets[scope]);
        expect(seen, scope).not.toBe(401);
        expect(seen === 403, scope).toBe(!scopes.includes(scope));
      }
    });
  }

  it('leaves only what says nothing about the store without a key', () => {
    const open = operations.filter(({ scopes }) => scopes.length === 0);
    expect(open.map(({ operationId }) => operationId)).toEqual(['getHealth']);
  });
});
