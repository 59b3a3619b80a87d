/** Conformance of deletion: what nothing uses goes, and what is used is refused by the name of its user. */
import { eq } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { collect, GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { artifacts, unusedBlobs } from '../../../edge/store/schema/index.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { publishScorer } from '../scoring/publish-scorer.ts';
import { madeScorer } from '../scoring/made-scorer.ts';
import { EXPERIMENT, PRINCIPLE, seedWorld, sha256Of } from '../seed.ts';
import { KINDNESS } from './principles.ts';

const refused = (detail: RegExp) => ({
  problem: { status: 409, detail: expect.stringMatching(detail) as unknown },
});
const missing = { problem: { status: 404 } };
const principle = { principleName: PRINCIPLE };

export function deletionConformance(start: () => Promise<Harness>): void {
  async function world() {
    const harness = await start();
    await seedWorld(harness);
    const { client } = harness.clients;
    const create = async (more: Partial<Parameters<typeof client.createExperiment>[0]['body']> = {}) =>
      await client.createExperiment({ body: { ...EXPERIMENT, ...more } });
    const remove = async (experimentId: string) => {
      await client.cancelExperiment({ parameters: { experimentId } });
      await client.deleteExperiment({ parameters: { experimentId } });
    };
    return { harness, client, create, remove };
  }

  it('of a prompt set, a base model, a principle and its version waits for the experiments, which it names', async () => {
    const { client, create, remove } = await world();
    await client.createPrincipleVersion({ parameters: principle, body: KINDNESS });
    const experiments = [
      await create(),
      await create({ seed: 8 }),
      await create({ seed: 9 }),
      await create({ seed: 10 }),
    ];
    const [promptSet] = (await client.listPromptSets()).items;
    const [baseModel] = (await client.listBaseModels()).items;
    const deletions = [
      async () => await client.deletePromptSet({ parameters: { promptSetId: promptSet?.id ?? '' } }),
      async () => await client.deleteBaseModel({ parameters: { baseModelId: baseModel?.id ?? '' } }),
      async () => await client.deletePrinciple({ parameters: principle }),
    ];
    const version = async (principleVersion: string) =>
      await client.deletePrincipleVersion({ parameters: { ...principle, principleVersion } });
    for (const attempt of [...deletions, async () => await version('1')]) {
      await expect(attempt()).rejects.toMatchObject(
        refused(/is in use by experiments [0-9a-f-]{36} \(.*\), .* and others; delete that first/),
      );
    }
    for (const { id } of experiments.slice(1)) await remove(id);
    await expect(deletions[0]?.()).rejects.toMatchObject(
      refused(new RegExp(`in use by experiment ${experiments[0]?.id} \\(`)),
    );
    await remove(experiments[0]?.id ?? '');
    await version('1');
    await expect(version('1')).rejects.toMatchObject(missing);
    for (const attempt of deletions) {
      await attempt();
      await expect(attempt()).rejects.toMatchObject(missing);
    }
    expect((await client.listPrinciples()).items).toEqual([]);
  });

  it('of a version waits for its labels, and a principle keeps one', async () => {
    const { client } = await world();
    await client.createPrincipleVersion({ parameters: principle, body: KINDNESS });
    const label = { ...principle, principleLabel: 'production' };
    await client.movePrincipleLabel({ parameters: label, body: { version: 2 } });
    const version = async (principleVersion: string) =>
      await client.deletePrincipleVersion({ parameters: { ...principle, principleVersion } });
    await expect(version('2')).rejects.toMatchObject(refused(/label production points at version 2/));
    await version('1');
    await client.deletePrincipleLabel({ parameters: label });
    await expect(client.deletePrincipleLabel({ parameters: label })).rejects.toMatchObject(missing);
    await expect(version('2')).rejects.toMatchObject(refused(/is its only one; delete the principle/));
  });

  it('of an artifact that a client put takes its row at once, and its bytes an hour later', async () => {
    const { harness, client } = await world();
    const body = Buffer.from('no longer wanted');
    const parameters = { sha256: sha256Of(body) };
    await client.putArtifact({ parameters, query: { kind: 'report' }, body });
    await client.deleteArtifact({ parameters });
    await expect(client.deleteArtifact({ parameters })).rejects.toMatchObject(missing);
    await expect(client.getArtifactDetails({ parameters })).rejects.toMatchObject(missing);
    const [blob] = await harness.database.select().from(unusedBlobs);
    expect(await harness.blobs.size(blob?.name ?? '')).toBe(body.length);
    harness.advance(GRACE_MILLISECONDS);
    await collect(harness, harness.dependencies.clock());
    expect(await harness.blobs.size(blob?.name ?? '')).toBeUndefined();
    // Put again it is there again.
    await client.putArtifact({ parameters, query: { kind: 'report' }, body });
    expect(await (await client.downloadArtifact({ parameters })).text()).toBe('no longer wanted');
  });

  it('of an artifact waits for who made it, reads it, resumes from it or will read it', async () => {
    const { harness, client, create } = await world();
    const runner = new TestRunner({ client: harness.clients.runner });
    const judge = Buffer.from('a judge');
    const judgeSha256 = sha256Of(judge);
    const kind = 'preference-model' as const;
    await client.putArtifact({ parameters: { sha256: judgeSha256 }, query: { kind }, body: judge });
    const { id } = await create({
      hyperparameters: {
        ...EXPERIMENT.hyperparameters,
        judge: { judges: [{ kind: 'preference-model', artifact: judgeSha256 }] },
      },
    });
    const remove = async (sha256: string) => await client.deleteArtifact({ parameters: { sha256 } });
    await expect(remove(judgeSha256)).rejects.toMatchObject(
      refused(new RegExp(`in use by experiment ${id}, a stage of which will read it`)),
    );
    const [split] = (await client.listArtifacts({ query: { kind: 'prompts' } })).items;
    await expect(remove(split?.sha256 ?? '')).rejects.toMatchObject(
      refused(/prompt set openings, whose split train/),
    );

    const task = await runner.claim();
    if (!task) throw new Error('nothing waits');
    const state = Buffer.from('state');
    const parameters = { sha256: sha256Of(state) };
    const query = { kind: 'checkpoint' as const, taskId: task.id, epoch: task.epoch };
    await harness.clients.runner.putArtifact({ parameters, query, body: state });
    await expect(remove(parameters.sha256)).rejects.toMatchObject(refused(/for which it was put/));
    await harness.clients.runner.checkpointTask({
      parameters: { taskId: task.id },
      body: { epoch: task.epoch, sha256: parameters.sha256, step: 1 },
    });
    await expect(remove(parameters.sha256)).rejects.toMatchObject(refused(/which resumes from it/));
    await runner.complete(task);
    const { outputs } = await client.getTask({ parameters: { taskId: task.id } });
    await expect(remove(outputs[0]?.sha256 ?? '')).rejects.toMatchObject(
      refused(new RegExp(`task ${task.id} \\(simulate\\) of experiment ${id}, which made it`)),
    );
  });

  it('keeps the judge of a stage that waits from the collector, though the experiment that trained it is deleted', async () => {
    const { harness, client, create, remove } = await world();
    const trained = await create();
    await new TestRunner({ client: harness.clients.runner }).drain();
    const { stages } = await client.getExperiment({ parameters: { experimentId: trained.id } });
    const [maker] = stages.find(({ kind }) => kind === 'train-preference-model')?.tasks ?? [];
    const { outputs } = await client.getTask({ parameters: { taskId: maker?.id ?? '' } });
    const sha256 = outputs[0]?.sha256 ?? '';
    await harness.database
      .update(artifacts)
      .set({ kind: 'preference-model' })
      .where(eq(artifacts.sha256, sha256));
    // Another seed: nothing is shared.
    const { id } = await create({
      seed: 8,
      hyperparameters: {
        ...EXPERIMENT.hyperparameters,
        judge: { judges: [{ kind: 'preference-model', artifact: sha256 }] },
      },
    });
    await remove(trained.id);
    const wait = async () => {
      for (let round = 0; round < 5; round++) {
        while ((await collect(harness, harness.dependencies.clock())) > 0);
        harness.advance(GRACE_MILLISECONDS);
      }
    };
    await wait();
    const isThere = async () =>
      (await harness.database.select().from(artifacts)).some((row) => row.sha256 === sha256);
    expect(await isThere()).toBe(true);
    await remove(id);
    await wait();
    expect(await isThere()).toBe(false);
  });

  it('of a scorer waits for its labels and for the experiment that made it', async () => {
    const { harness, client, remove } = await world();
    await publishScorer(harness, madeScorer({ hugged: 1 }));
    const [scorer] = (await client.listScorers()).items;
    const parameters = { scorerId: scorer?.id ?? '' };
    await expect(client.deleteScorer({ parameters })).rejects.toMatchObject(
      refused(/label \w+ of principle kind-stories points at scorer/),
    );
    for (const scorerLabel of scorer?.labels ?? []) {
      await client.deleteScorerLabel({ parameters: { ...principle, scorerLabel } });
      await expect(
        client.deleteScorerLabel({ parameters: { ...principle, scorerLabel } }),
      ).rejects.toMatchObject(missing);
    }
    await expect(client.deleteScorer({ parameters })).rejects.toMatchObject(
      refused(/\(train-scorer\) of experiment/),
    );
    for (const { id } of (await client.listExperiments()).items) await remove(id);
    await expect(client.deletePrinciple({ parameters: principle })).rejects.toMatchObject(
      refused(new RegExp(`in use by scorer ${scorer?.id}`)),
    );
    await client.deleteScorer({ parameters });
    await expect(client.deleteScorer({ parameters })).rejects.toMatchObject(missing);
    await client.deletePrinciple({ parameters: principle });
  });
}
