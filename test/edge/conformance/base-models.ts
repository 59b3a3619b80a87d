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
}
