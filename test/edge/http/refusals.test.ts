/** What operations say that they refuse is what their source can throw, and what the document tells under each status. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { refusalsOf } from '../../../edge/http/refusals.ts';
import { contract, type OperationId } from '../../../shared/api/contract.ts';
import type { Endpoint } from '../../../shared/api/endpoint.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { toldRefusal } from '../told-refusals.ts';
import { thrownCodes } from './thrown-codes.ts';

const operations: readonly [string, Endpoint][] = Object.entries(contract);
const codesOf = (endpoint: Endpoint) => [...refusalsOf(endpoint).values()].flat();

describe('what an operation refuses', () => {
  it.each(operations)('%s: as its source throws it, each code said once', (operation, endpoint) => {
    const onTheWay = codesOf({ ...endpoint, refuses: [] });
    const thrown = thrownCodes(operation).filter((code) => !onTheWay.some((known) => known === code));
    expect([...(endpoint.refuses ?? [])].toSorted()).toEqual(thrown);
  });

  it('follows a name to where it is thrown, through files and past names that mean something else', () => {
    // By requireLease in the store, by a class's method, by a constant of shared/, and by nothing at all.
    expect(thrownCodes('checkpointTask')).toContain('lease-lost');
    expect(thrownCodes('score')).toContain('conflict');
    expect(thrownCodes('downloadArtifact')).toContain('artifact-damaged');
    expect(thrownCodes('getOwnKey')).toEqual([]);
    expect(() => thrownCodes('noSuchOperation')).toThrow('no handler of noSuchOperation');
  });
});

it('stops a test that meets a refusal which its operation does not tell', async () => {
  const problem = { type: 'urn:rlcd:problem:conflict', title: '', status: 409, detail: '' };
  const answer = () => Response.json(problem, { status: 409 });
  const ask = async (path: string) => await toldRefusal(new Request(`http://edge.test${path}`), answer());
  await expect(ask('/v1/keys')).rejects.toThrow('listKeys answered 409 urn:rlcd:problem:conflict');
  expect((await ask('/v1/experiments/x/export')).status).toBe(409);
});

const documentForm = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        responses: z.record(
          z.string(),
          z.object({ description: z.string(), content: z.record(z.string(), z.unknown()).optional() }),
        ),
      }),
    ),
  ),
});

describe('the document', () => {
  it('tells every refusal under its own status, with its codes and its form, and none under another', async () => {
    const harness = await createHarness(async () => openNodeStore(createFolder()));
    const { paths } = documentForm.parse(await (await harness.fetch('/openapi.json')).json());
    for (const { operationId, responses } of Object.values(paths).flatMap((path) => Object.values(path))) {
      const endpoint: Endpoint = contract[operationId as OperationId];
      const told = refusalsOf(endpoint);
      const handedOn = endpoint.handedOn?.statuses ?? [];
      const refused = Object.keys(responses).filter((status) => !/^[23]/.test(status));
      expect(new Set(refused.map(Number)), operationId).toEqual(new Set([...told.keys(), ...handedOn]));
      for (const [status, codes] of told) {
        const { description, content = {} } = responses[status] ?? { description: '' };
        for (const code of codes) expect(description, `${operationId} ${status}`).toContain(`\`${code}\``);
        expect(content['application/problem+json']).toEqual({
          schema: { $ref: '#/components/schemas/Problem' },
        });
        expect('application/json' in content, operationId).toBe(handedOn.includes(status));
      }
    }
  });
});
