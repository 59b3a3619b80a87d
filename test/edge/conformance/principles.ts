/** Conformance of principles: versions, labels, differences, pages. */
import { expect, it } from 'vitest';
import type { PrincipleDefinition } from '../../../shared/api/principles.ts';
import type { Harness } from '../harness.ts';

export const KINDNESS: PrincipleDefinition = {
  form: 'prefix',
  responseOpening: '',
  description: 'Stories end kindly',
  affixPairs: [{ positive: '(a kind ending)', negative: '(a cruel ending)' }],
};

export function principlesConformance(start: () => Promise<Harness>): void {
  it('numbers versions, keeps each as it was, and reads them by number and by label', async () => {
    const { client } = (await start()).clients;
    const parameters = { principleName: 'kind-stories' };
    const first = await client.createPrincipleVersion({ parameters, body: KINDNESS });
    const second = await client.createPrincipleVersion({
      parameters,
      body: { ...KINDNESS, description: 'Stories end very kindly' },
    });
    expect([first.number, second.number]).toEqual([1, 2]);
    const get = async (principleVersion: string) =>
      await client.getPrincipleVersion({ parameters: { ...parameters, principleVersion } });
    expect((await get('1')).definition).toEqual(KINDNESS);

    const label = { ...parameters, principleLabel: 'production' };
    await client.movePrincipleLabel({ parameters: label, body: { version: 1 } });
    const labelled = await get('production');
    expect(labelled).toEqual({ ...first, labels: ['production'], labelMoves: labelled.labelMoves });
    expect(labelled.labelMoves.map((move) => move.label)).toEqual(['production']);
    await client.movePrincipleLabel({ parameters: label, body: { version: 2 } });
    expect((await get('production')).number).toBe(2);
    expect((await get('1')).labels).toEqual([]);
    await expect(get('3')).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(get('staging')).rejects.toMatchObject({ problem: { status: 404 } });
  });

  it('shows what changed between two versions', async () => {
    const { client } = (await start()).clients;
    const parameters = { principleName: 'kind-stories' };
    await client.createPrincipleVersion({ parameters, body: KINDNESS });
    const added = { positive: '(gentle)', negative: '(harsh)' };
    await client.createPrincipleVersion({
      parameters,
      body: { ...KINDNESS, description: 'Kind', affixPairs: [...KINDNESS.affixPairs, added] },
    });
    const compare = async (from: string, to: string) =>
      (await client.comparePrincipleVersions({ parameters, query: { from, to } })).changes;
    expect(await compare('1', '2')).toEqual([
      { pointer: '/description', before: KINDNESS.description, after: 'Kind' },
      { pointer: '/affixPairs/1', after: added },
    ]);
    expect(await compare('2', '1')).toContainEqual({ pointer: '/affixPairs/1', before: added });
    expect(await compare('2', '2')).toEqual([]);
  });

  it('keeps where affixes go in a chat, and refuses to put them into the turns of a story', async () => {
    const { client } = (await start()).clients;
    const parameters = { principleName: 'placed' };
    const body = { ...KINDNESS, form: 'dialogue', placement: 'system' } as const;
    await client.createPrincipleVersion({ parameters, body });
    const kept = await client.getPrincipleVersion({ parameters: { ...parameters, principleVersion: '1' } });
    expect(kept.definition).toEqual(body);
    await expect(
      client.createPrincipleVersion({ parameters, body: { ...body, form: 'prefix' } }),
    ).rejects.toThrow(/placement.*goes with the form dialogue/s);
  });

  it('tells of a prefix that runs into the prompt, whenever the version is read, and takes it', async () => {
    const { client } = (await start()).clients;
    const parameters = { principleName: 'kind-stories' };
    const made = await client.createPrincipleVersion({ parameters, body: KINDNESS });
    const detail = expect.stringContaining('"(a kind ending)Once upon a time"');
    expect(made.warnings).toEqual([
      { pointer: '#/affixPairs/0/positive', detail },
      { pointer: '#/affixPairs/0/negative', detail: expect.stringContaining('end it with a space') },
    ]);
    const got = await client.getPrincipleVersion({ parameters: { ...parameters, principleVersion: '1' } });
    expect(got.warnings).toEqual(made.warnings);
    const affixPairs = [{ positive: 'Kind: ', negative: 'Cruel:\n' }];
    await client.createPrincipleVersion({ parameters, body: { ...KINDNESS, affixPairs } });
    const { items } = await client.listPrincipleVersions({ parameters });
    expect(items.map(({ warnings }) => warnings.length)).toEqual([0, 2]);
  });

  it('gives concurrent creators different numbers', async () => {
    const { client } = (await start()).clients;
    const versions = await Promise.all(
      Array.from({ length: 8 }, async () =>
        client.createPrincipleVersion({ parameters: { principleName: 'race' }, body: KINDNESS }),
      ),
    );
    expect(versions.map(({ number }) => number).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('pages through everything once, the newest first', async () => {
    const { clients, advance } = await start();
    const names = Array.from({ length: 7 }, (_, index) => `principle-${index}`);
    for (const principleName of names) {
      advance(1);
      await clients.client.createPrincipleVersion({ parameters: { principleName }, body: KINDNESS });
    }
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await clients.client.listPrinciples({
        query: { limit: 3, ...(cursor ? { cursor } : {}) },
      });
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(names.toReversed());
    for (let version = 2; version <= 5; version++) {
      await clients.client.createPrincipleVersion({
        parameters: { principleName: 'principle-0' },
        body: KINDNESS,
      });
    }
    const parameters = { principleName: 'principle-0' };
    const first = await clients.client.listPrincipleVersions({ parameters, query: { limit: 2 } });
    const rest = await clients.client.listPrincipleVersions({
      parameters,
      query: { cursor: first.nextCursor ?? '' },
    });
    expect([...first.items, ...rest.items].map(({ number }) => number)).toEqual([5, 4, 3, 2, 1]);
    expect(rest.nextCursor).toBeNull();
  });
}
