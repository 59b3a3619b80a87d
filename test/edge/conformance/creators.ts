/** Conformance of creators: everything that a key makes tells which key it was. */
import { expect, it } from 'vitest';
import { madeScorer } from '../scoring/made-scorer.ts';
import { publishScorer } from '../scoring/publish-scorer.ts';
import type { Harness } from '../harness.ts';
import { EXPERIMENT, PRINCIPLE, seedWorld, sha256Of } from '../seed.ts';
import { KINDNESS } from './principles.ts';

export function creatorsConformance(start: () => Promise<Harness>): void {
  it('tells of each thing which key made it, and of what is older or of the edge itself nothing', async () => {
    const harness = await start();
    const { client, admin } = harness.clients;
    // The seed writes a prompt set and a model past the API, as a version before this one did.
    await seedWorld(harness);
    const createdBy = { id: (await client.getOwnKey()).id, name: 'client of the tests' };
    const version = await client.createPrincipleVersion({
      parameters: { principleName: PRINCIPLE },
      body: KINDNESS,
    });
    const set = await client.createPromptSet({
      query: { name: 'own', rule: 'field' },
      body: JSON.stringify({ prompt: 'Once', split: 'train' }),
    });
    const model = await client.createBaseModel({
      body: { name: 'own', source: 'own', weightsSha256: sha256Of(''), parameterCount: 1, contextLength: 8 },
    });
    const experiment = await client.createExperiment({ body: EXPERIMENT });
    const sha256 = sha256Of('bytes');
    const put = await client.putArtifact({
      parameters: { sha256 },
      query: { kind: 'report' },
      body: 'bytes',
    });
    const { id: uploadId } = await client.createUpload({
      body: { sha256: sha256Of('parts'), bytes: 5, kind: 'report' },
    });
    await client.putUploadPart({ parameters: { uploadId, partNumber: '1' }, body: 'parts' });
    const joined = await client.completeUpload({ parameters: { uploadId } });
    const made = [version, set, model, experiment, put, joined];
    for (const thing of made) expect(thing.createdBy).toEqual(createdBy);

    const experimentId = experiment.id;
    expect((await admin.getExperiment({ parameters: { experimentId } })).createdBy).toEqual(createdBy);
    expect((await admin.listExperiments()).items.map((item) => item.createdBy)).toEqual([createdBy]);
    expect((await admin.listPrinciples()).items.map((item) => item.createdBy)).toEqual([createdBy]);
    const versions = await admin.listPrincipleVersions({ parameters: { principleName: PRINCIPLE } });
    expect(versions.items.map((item) => item.createdBy)).toEqual([createdBy, createdBy]);
    const sets = (await admin.listPromptSets()).items.map((item) => [item.name, item.createdBy]);
    expect(sets).toEqual([
      ['own', createdBy],
      ['openings', null],
    ]);
    const models = (await admin.listBaseModels()).items.map((item) => [item.name, item.createdBy]);
    expect(models).toEqual([
      ['own', createdBy],
      ['bundled', null],
    ]);
    const label = await client.movePrincipleLabel({
      parameters: { principleName: PRINCIPLE, principleLabel: 'approved' },
      body: { version: 1 },
    });
    const [, labelled] = (await client.listPrincipleVersions({ parameters: { principleName: PRINCIPLE } }))
      .items;
    expect(labelled?.labelMoves).toEqual([{ label: 'approved', movedAt: label.movedAt, movedBy: createdBy }]);
    // Splits are written out by the edge.
    const artifacts = (await admin.listArtifacts()).items.map(({ kind, createdBy: by }) => [kind, by?.id]);
    expect(artifacts.filter(([kind]) => kind === 'report')).toEqual([
      ['report', createdBy.id],
      ['report', createdBy.id],
    ]);
    expect(artifacts.filter(([kind, by]) => kind === 'prompts' && by !== undefined)).toEqual([]);
  });

  it('tells who asked for a scorer, and who moved each label last', async () => {
    const harness = await start();
    await seedWorld(harness);
    const { client, admin } = harness.clients;
    const mine = { id: (await client.getOwnKey()).id, name: 'client of the tests' };
    const theirs = { id: (await admin.getOwnKey()).id, name: 'admin of the tests' };
    await publishScorer(harness, madeScorer({ hugged: 100 }));
    const [scorer] = (await client.listScorers({ query: {} })).items;
    expect(scorer?.createdBy).toEqual(mine);
    const movedBy = async () =>
      (await client.listScorers()).items.flatMap(({ labelMoves }) =>
        labelMoves.map(({ label, movedBy: by }) => [label, by]),
      );
    // The edge sets both when the scorer comes.
    expect(await movedBy()).toEqual([
      ['latest', null],
      ['production', null],
    ]);
    const move = {
      parameters: { principleName: PRINCIPLE, scorerLabel: 'production' },
      body: { scorer: scorer?.id ?? '' },
    };
    await admin.moveScorerLabel(move);
    expect((await movedBy())[1]).toEqual(['production', theirs]);
    await client.moveScorerLabel(move);
    expect(await movedBy()).toEqual([
      ['latest', null],
      ['production', mine],
    ]);
  });
}
