/** Conformance of base models. */
import { expect, it } from 'vitest';
import type { Harness } from '../harness.ts';

const BUNDLED = {
  name: 'bundled',
  source: 'bundled',
  weightsSha256: 'ab'.repeat(32),
  parameterCount: 15_000_000,
  contextLength: 256,
  configuration: { layers: 6, tied: true, licence: 'MIT', dropout: null },
};

export function baseModelsConformance(start: () => Promise<Harness>): void {
  it('registers, lists, gets and deletes; a name is taken once', async () => {
    const harness = await start();
    const { client } = harness.clients;
    const model = await client.createBaseModel({ body: BUNDLED });
    expect(model).toMatchObject(BUNDLED);
    const parameters = { baseModelId: model.id };
    expect(await client.getBaseModel({ parameters })).toEqual(model);
    await expect(client.createBaseModel({ body: BUNDLED })).rejects.toMatchObject({
      problem: { status: 409 },
    });
    harness.advance(1);
    const other = await client.createBaseModel({ body: { ...BUNDLED, name: 'other' } });
    expect((await client.listBaseModels()).items).toEqual([other, model]);
    await client.deleteBaseModel({ parameters });
    await expect(client.getBaseModel({ parameters })).rejects.toMatchObject({ problem: { status: 404 } });
  });

  it('registers a model that is served elsewhere, known by its address, name and revision', async () => {
    const { clients } = await start();
    const { client } = clients;
    const served = { url: 'https://models.example.com/v1', model: 'large-30b' };
    const register = async (name: string, change: object = {}) =>
      await client.createBaseModel({ body: { kind: 'served', name, ...served, ...change } });
    const model = await register('large');
    expect(model).toMatchObject({
      source: 'https://models.example.com/v1 large-30b',
      parameterCount: 0,
      contextLength: 4096,
      served: { ...served, protocol: 'completions', revision: null, price: null },
    });
    const priced = await register('priced', { price: { input: 0.5, output: 1.5 } });
    expect(priced.weightsSha256).toBe(model.weightsSha256);
    const newer = await register('newer', { revision: '2026-11' });
    expect(newer.weightsSha256).not.toBe(model.weightsSha256);
    for (const url of [
      'http://models.example.com/v1',
      'https://me:secret@models.example.com/v1',
      'https://models.example.com/v1?key=secret',
      'file:///etc/passwd',
      'http://127.0.0.1.example.com/v1',
      'https://models.example.com/v1/',
    ]) {
      await expect(register('bad', { url }), url).rejects.toMatchObject({ problem: { status: 400 } });
    }
  });
}
