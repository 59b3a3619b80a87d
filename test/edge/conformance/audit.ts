/** Conformance of the audit log: every change leaves one record in the change's own commit, and nothing else leaves one. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { objectOf } from '../../../edge/http/audit.ts';
import { sweep } from '../../../edge/orchestration/sweep.ts';
import { sweepStore } from '../../../edge/store/sweep.ts';
import { auditRecord } from '../../../shared/api/audit.ts';
import { contract } from '../../../shared/api/contract.ts';
import type { Endpoint } from '../../../shared/api/endpoint.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';
import { KINDNESS } from './principles.ts';

const DAY = 24 * 60 * 60 * 1000;

export function auditConformance(start: () => Promise<Harness>): void {
  const records = async ({ clients }: Harness, query: Record<string, string | number> = {}) =>
    (await clients.admin.listAuditRecords({ query: { limit: 200, ...query } })).items;
  const shown = async (harness: Harness, query?: Record<string, string | number>) =>
    (await records(harness, query)).map(({ action, object }) => `${action} ${object}`);

  it('tells who did what to which object, when and from where', async () => {
    const harness = await start();
    const { client, admin } = harness.clients;
    const own = await (await harness.fetch('/v1/key', { key: harness.secrets.client })).json();
    await client.createPrincipleVersion({ parameters: { principleName: 'kind' }, body: KINDNESS });
    harness.advance(1000);
    const key = await admin.createKey({ body: { name: 'laptop', scopes: ['runner'] } });
    await admin.revokeKey({ parameters: { keyId: key.id } });
    const [revoked, made, version, ...others] = await records(harness);
    expect(others).toEqual([]);
    expect(version).toMatchObject({
      key: { id: z.object({ id: z.string() }).parse(own).id, name: 'client of the tests' },
      action: 'createPrincipleVersion',
      object: 'principles/kind',
      address: '192.0.2.1',
    });
    expect(made).toMatchObject({ action: 'createKey', object: `keys/${key.id}` });
    expect(revoked).toMatchObject({
      action: 'revokeKey',
      object: `keys/${key.id}`,
      key: { name: 'admin of the tests' },
    });
    expect((made?.createdAt ?? 0) - (version?.createdAt ?? 0)).toBe(1000);
  });

  it('records the work of a runner, and of its leases nothing that comes every few seconds', async () => {
    const harness = await start();
    await seedWorld(harness);
    const { id } = await harness.clients.client.createExperiment({ body: EXPERIMENT });
    await new TestRunner(harness).drain();
    await harness.clients.client.deleteExperiment({ parameters: { experimentId: id } });
    const found = await shown(harness);
    expect(found).toContain(`createExperiment experiments/${id}`);
    expect(found[0]).toBe(`deleteExperiment experiments/${id}`);
    const actions = new Set((await records(harness)).map(({ action }) => action));
    // The seed writes models and prompts past the API, and the test's runner its artifacts.
    expect([...actions].sort()).toEqual([
      'claimTask',
      'completeTask',
      'createExperiment',
      'createPrincipleVersion',
      'deleteExperiment',
    ]);
    expect(await shown(harness, { object: `experiments/${id}` })).toHaveLength(2);
    expect(await shown(harness, { object: `experiments/${id}`, action: 'deleteExperiment' })).toHaveLength(1);
  });

  it('tells once how each lease began and ended, however often a runner asks, and when it was lost', async () => {
    const harness = await start();
    await seedWorld(harness);
    await harness.clients.client.createExperiment({ body: EXPERIMENT });
    const [runner, restarted] = [new TestRunner(harness), new TestRunner(harness)];
    const claim = async (who: TestRunner, claimId: string) => {
      const task = await who.claim(claimId);
      if (!task) throw new Error('there is no task to claim');
      return task;
    };
    const twice = async (ask: () => Promise<unknown>) => {
      await ask();
      await ask();
    };
    const completed = await claim(runner, randomUUID());
    await runner.report(completed, 1);
    await twice(async () => await runner.complete(completed));
    const claimId = randomUUID();
    const failed = await claim(runner, claimId);
    expect((await claim(runner, claimId)).id).toBe(failed.id);
    await twice(async () => await runner.fail(failed, 'broken', true));
    const lost = await claim(runner, randomUUID());
    harness.advance(120_000);
    await sweep(harness, harness.dependencies.clock());
    await sweep(harness, harness.dependencies.clock());
    const taken = await claim(restarted, randomUUID());
    await expect(runner.complete(lost)).rejects.toMatchObject({ problem: { status: 409 } });
    const again = await claim(restarted, randomUUID());
    const last = await claim(restarted, randomUUID());

    const named = (action: string, { id }: { id: string }) => `${action} tasks/${id}`;
    const found = (await records(harness)).reverse().filter(({ object }) => object.startsWith('tasks/'));
    expect(found.map(({ action, object }) => `${action} ${object}`)).toEqual([
      named('claimTask', completed),
      named('completeTask', completed),
      named('claimTask', failed),
      named('failTask', failed),
      named('claimTask', lost),
      named('loseLease', lost),
      named('claimTask', taken),
      named('loseLease', taken),
      named('claimTask', again),
      named('loseLease', again),
      named('claimTask', last),
    ]);
    const { items: keys } = await harness.clients.admin.listKeys();
    const own = keys.find(({ scopes }) => scopes.includes('runner'));
    for (const { key, action, address } of found) {
      expect(key).toEqual({ id: own?.id, name: own?.name });
      expect(address).toBe(action === 'loseLease' ? '' : '192.0.2.1');
    }
  });

  it('has no record of what was refused, repeated or only read, and no word of a body', async () => {
    const harness = await start();
    const { admin } = harness.clients;
    const body = { name: 'a name of nobody', scopes: ['client' as const] };
    const key = await admin.createKey({ body }, { idempotencyKey: 'once' });
    await admin.createKey({ body }, { idempotencyKey: 'once' });
    await admin.listKeys();
    await expect(admin.createKey({ body: { ...body, scopes: [] } })).rejects.toMatchObject({
      problem: { status: 400 },
    });
    await expect(harness.clients.client.createKey({ body })).rejects.toMatchObject({
      problem: { status: 403 },
    });
    const found = await records(harness);
    expect(found.map(({ action }) => action)).toEqual(['createKey']);
    expect(JSON.stringify(found)).not.toMatch(/a name of nobody|rlcd_/);
    expect(JSON.stringify(found)).not.toContain((key.secret ?? '').slice(-43));
  });

  it('is filtered by key, action and time, on pages, and leaves whole as JSON lines', async () => {
    const harness = await start();
    const { admin, client } = harness.clients;
    const begin = harness.dependencies.clock();
    for (let version = 0; version < 5; version++) {
      await client.createPrincipleVersion({ parameters: { principleName: 'kind' }, body: KINDNESS });
      harness.advance(1000);
    }
    await admin.createKey({ body: { name: 'laptop', scopes: ['client'] } });
    const all = await records(harness);
    expect(all).toHaveLength(6);
    const [newest] = all;
    expect(await records(harness, { key: newest?.key.id ?? '' })).toEqual([newest]);
    expect(await records(harness, { action: 'createPrincipleVersion' })).toEqual(all.slice(1));
    expect(await records(harness, { from: begin + 1000, to: begin + 3000 })).toEqual(all.slice(3, 5));
    const first = await admin.listAuditRecords({ query: { limit: 4 } });
    const rest = await admin.listAuditRecords({ query: { limit: 4, cursor: first.nextCursor ?? '' } });
    expect([...first.items, ...rest.items]).toEqual(all);
    const lines = (await (await admin.exportAuditRecords()).text()).trimEnd().split('\n');
    expect(lines.map((line) => auditRecord.parse(JSON.parse(line)))).toEqual(all);
    for (const key of [harness.secrets.client, harness.secrets.runner]) {
      expect((await harness.fetch('/v1/audit', { key })).status).toBe(403);
    }
  });

  it('goes after a year', async () => {
    const harness = await start();
    await harness.clients.admin.createKey({ body: { name: 'laptop', scopes: ['client'] } });
    harness.advance(364 * DAY);
    await sweepStore(harness, harness.dependencies.clock());
    expect(await records(harness)).toHaveLength(1);
    harness.advance(2 * DAY);
    await sweepStore(harness, harness.dependencies.clock());
    expect(await records(harness)).toEqual([]);
  });

  describe('the object', () => {
    it.each([
      ['/v1/experiments/{experimentId}/cancel', '/v1/experiments/7/cancel', {}, 'experiments/7'],
      ['/v1/experiments', '/v1/experiments', { id: '7' }, 'experiments/7'],
      ['/v1/runners/launch', '/v1/runners/launch', { launch: null }, 'runners/launch'],
      [
        '/v1/uploads/{uploadId}/parts/{partNumber}',
        '/v1/uploads/7/parts/1',
        { id: '7' },
        'uploads/7/parts/1',
      ],
    ])('of %s is what its path names, or what was made', (template, path, body, object) => {
      expect(objectOf(template, path, body)).toBe(object);
    });
  });

  it('leaves out no operation that is no GET but by name and with its reason', () => {
    const unrecorded = Object.entries<Endpoint>(contract).flatMap(([id, endpoint]) =>
      endpoint.unrecorded === undefined ? [] : [id],
    );
    expect(unrecorded.sort()).toEqual([
      'checkpointTask',
      'claimTask',
      'completeTask',
      'createChatCompletion',
      'createCompletion',
      'failTask',
      'measureLikelihood',
      'planMemory',
      'reportTask',
      'score',
      'scoreBestOf',
      'scoreCompare',
    ]);
  });
}
