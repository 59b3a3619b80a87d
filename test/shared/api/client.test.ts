/** The typed client: its types follow the contract, and its requests say what they must. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ApiError, createClient, type Client } from '../../../shared/api/client.ts';
import type { PrincipleDefinition } from '../../../shared/api/principles.ts';

const PRINCIPLE: PrincipleDefinition = {
  description: 'Stories end kindly',
  form: 'prefix',
  responseOpening: '',
  affixPairs: [{ positive: 'kind', negative: 'mean' }],
};

describe('types', () => {
  it('follow the contract', () => {
    type Input<Id extends keyof Client> = NonNullable<Parameters<Client[Id]>[0]>;
    type Output<Id extends keyof Client> = Awaited<ReturnType<Client[Id]>>;
    expectTypeOf<Output<'getHealth'>>().toEqualTypeOf<{ status: 'ok' }>();
    expectTypeOf<Output<'createPrincipleVersion'>['definition']>().toEqualTypeOf<PrincipleDefinition>();
    expectTypeOf<Input<'getPrincipleVersion'>['parameters']>().toEqualTypeOf<{
      principleName: string;
      principleVersion: string;
    }>();
    // What has a default may be left out of a request, and is always there in an answer.
    expectTypeOf<undefined>().toExtend<Input<'createPrincipleVersion'>['body']['responseOpening']>();
    expectTypeOf<Output<'createPrincipleVersion'>['definition']['responseOpening']>().toBeString();
    // Bytes go in as any body and come out as the open response; nothing comes out of a 204.
    expectTypeOf<Input<'createPromptSet'>['body']>().toEqualTypeOf<BodyInit>();
    expectTypeOf<Output<'downloadArtifact'>>().toEqualTypeOf<Response>();
    expectTypeOf<Output<'deletePromptSet'>>().toBeUndefined();
    // No input is needed where the contract needs none, and it cannot be left out where it does.
    expectTypeOf<Client['listKeys']>().toBeCallableWith();
    expectTypeOf<Parameters<Client['revokeKey']>['length']>().toEqualTypeOf<1 | 2>();
  });
});

describe('requests', () => {
  function record(answer: () => Response) {
    const requests: Request[] = [];
    const client = createClient({
      baseUrl: 'http://edge.test',
      key: 'secret',
      fetch: async (request) => {
        requests.push(request);
        return answer();
      },
    });
    return { client, requests };
  }

  it('carry key, encoded path, query and body, and a key of their own where they create', async () => {
    const { client, requests } = record(() => Response.json({ items: [], nextCursor: null }));
    await client.listPrincipleVersions({ parameters: { principleName: 'a/b c' }, query: { limit: 5 } });
    expect(requests[0]?.url).toBe('http://edge.test/v1/principles/a%2Fb%20c/versions?limit=5');
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer secret');
    expect(requests[0]?.headers.has('idempotency-key')).toBe(false);
    const body = PRINCIPLE;
    const create = async (idempotencyKey?: string) =>
      await client.createPrincipleVersion(
        { parameters: { principleName: 'kind' }, body },
        idempotencyKey === undefined ? {} : { idempotencyKey },
      );
    for (const key of ['mine', undefined, undefined]) await expect(create(key)).rejects.toThrow(/is missing/);
    const keys = requests.slice(1).map(({ headers }) => headers.get('idempotency-key'));
    expect(keys[0]).toBe('mine');
    expect(new Set(keys).size).toBe(3);
    expect(await requests[1]?.json()).toEqual(body);
  });

  it('end in an ApiError with the problem, also where something else than the edge answers', async () => {
    const document = { type: 'urn:rlcd:problem:conflict', title: 'No', status: 409, detail: 'taken' };
    const refused = record(
      () =>
        new Response(JSON.stringify(document), {
          status: 409,
          headers: { 'content-type': 'application/problem+json' },
        }),
    );
    await expect(refused.client.listKeys()).rejects.toEqual(new ApiError('listKeys', document));
    const proxy = record(() => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    await expect(proxy.client.listKeys()).rejects.toMatchObject({
      problem: { type: 'about:blank', status: 502, detail: '<h1>Bad gateway</h1>' },
    });
  });

  it('refuse an answer outside the contract', async () => {
    const { client } = record(() => Response.json({ items: 'many' }));
    await expect(client.listKeys()).rejects.toThrow(/items/);
  });
});
