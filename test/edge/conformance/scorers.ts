/** Conformance of scorers: a task publishes one, labels point at it, texts are scored by it; a broken one never gets in. */
import { expect, it } from 'vitest';
import { artifactBlob } from '../../../edge/store/artifacts.ts';
import type { Harness } from '../harness.ts';
import { EXPERIMENT, PRINCIPLE, putArtifact, seedWorld } from '../seed.ts';
import { madeScorer, SCORER_RESULT } from '../scoring/made-scorer.ts';
import { claimScorerTask, publishScorer } from '../scoring/publish-scorer.ts';

const KIND = { hugged: 100, smiled: 80, yelled: -100 };
const choice = { principle: PRINCIPLE };
/** A word alone has three rows: itself, its distance from the end, and the last place; the made scorer weighs one. */
const alone = (weight: number) => weight / Math.sqrt(3);

export function scorersConformance(start: () => Promise<Harness>): void {
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    return { harness, ...harness.clients };
  }

  it('publishes the scorer of a task under its labels, and scores with it', async () => {
    const { harness, client } = await begin();
    const { sha256, preferenceModel } = await publishScorer(harness, madeScorer(KIND));
    const { items } = await client.listScorers({ query: {} });
    expect(items).toMatchObject([
      {
        sha256,
        preferenceModelSha256: preferenceModel,
        principle: { name: PRINCIPLE, version: 1 },
        labels: ['latest', 'production'],
      },
    ]);
    const [published] = items;
    const { scorer, scores } = await client.score({
      body: { ...choice, prompt: 'One day', texts: ['hugged', 'Tom smiled today', 'yelled'] },
    });
    expect(scorer).toEqual(published);
    // Three words have two rows each, their two pairs as many, and each stands in a last place.
    expect(scores.map(({ score }) => score)).toEqual([
      expect.closeTo(alone(100), 3),
      expect.closeTo(80 / Math.sqrt(13), 3),
      expect.closeTo(alone(-100), 3),
    ]);
    expect(scores.map(({ probability }) => probability)).toEqual([1, 1, 0]);
    expect(scores[0]?.warnings).toEqual(['1 words; it was trained on responses of 3 to 80 words']);
    expect(scores[1]?.warnings).toEqual([]);
    const compared = await client.scoreCompare({ body: { ...choice, first: 'yelled', second: 'hugged' } });
    expect(compared.probability).toBeLessThan(0.001);
    const best = await client.scoreBestOf({
      body: { ...choice, responses: ['yelled', 'hugged', 'smiled', 'hugged'] },
    });
    expect(best.best).toBe(1);
    expect(best.scores).toHaveLength(4);
  });

  it('keeps the label production where it is until somebody moves it', async () => {
    const { harness, client } = await begin();
    await publishScorer(harness, madeScorer(KIND));
    await publishScorer(harness, madeScorer({ hugged: -50 }), 8);
    const { items } = await client.listScorers({ query: {} });
    expect(items.map(({ labels }) => labels)).toEqual([['latest'], ['production']]);
    const scoreOf = async (query: object) => {
      const { scores } = await client.score({ body: { ...choice, texts: ['hugged'], ...query } });
      return scores[0]?.score;
    };
    expect(await scoreOf({})).toBeCloseTo(alone(100), 3);
    expect(await scoreOf({ label: 'latest' })).toBeCloseTo(alone(-50), 3);
    const [newest] = items;
    await client.moveScorerLabel({
      parameters: { principleName: PRINCIPLE, scorerLabel: 'production' },
      body: { scorer: newest?.id ?? '' },
    });
    expect(await scoreOf({})).toBeCloseTo(alone(-50), 3);
    expect(await scoreOf({ scorer: items[1]?.id })).toBeCloseTo(alone(100), 3);
  });

  it('says clearly when there is none, and refuses what is no text', async () => {
    const { client } = await begin();
    const score = async (body: object) => await client.score({ body: { ...choice, texts: ['a'], ...body } });
    await expect(score({})).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(score({})).rejects.toThrow(/"scorer": true/);
    await expect(score({ principle: 'nothing' })).rejects.toMatchObject({ problem: { status: 404 } });
    for (const body of [
      { texts: [] },
      { texts: [''] },
      { texts: Array(65).fill('a') },
      { texts: ['a'.repeat(100_001)] },
      { texts: [1] },
      { prompt: 1 },
      { model: 'x' },
    ]) {
      await expect(score(body), JSON.stringify(body).slice(0, 40)).rejects.toMatchObject({
        problem: { status: 400 },
      });
    }
  });

  it('refuses a broken scorer: the task is not completed, the working one goes on', async () => {
    const { harness, client } = await begin();
    await publishScorer(harness, madeScorer(KIND));
    const task = await claimScorerTask(harness, 8);
    const broken = madeScorer({ hugged: 5 }).slice(0, 5000);
    const sha256 = await putArtifact(harness, broken, 'scorer', task.id);
    await expect(
      harness.clients.runner.completeTask({
        parameters: { taskId: task.id },
        body: { epoch: task.epoch, outputs: [{ name: 'scorer', sha256 }], result: SCORER_RESULT },
      }),
    ).rejects.toMatchObject({ problem: { status: 400, errors: [{ pointer: '#/outputs' }] } });
    expect((await client.listScorers({ query: {} })).items).toHaveLength(1);
    const { scores } = await client.score({ body: { ...choice, texts: ['hugged'] } });
    expect(scores[0]?.score).toBeCloseTo(alone(100), 3);
  });

  it('answers with a problem where the stored file is damaged or gone', async () => {
    const { harness, client } = await begin();
    const { sha256 } = await publishScorer(harness, madeScorer({ hugged: 7 }, 0.125));
    await harness.blobs.put(artifactBlob({ sha256, writing: '' }), new Uint8Array([1, 2, 3]));
    const score = async () => await client.score({ body: { ...choice, texts: ['hugged'] } });
    await expect(score()).rejects.toMatchObject({ problem: { status: 410 } });
    await harness.blobs.delete(artifactBlob({ sha256, writing: '' }));
    await expect(score()).rejects.toThrow(/not stored/);
  });

  it('refuses a scorer for a method that has no preference model', async () => {
    const { client } = await begin();
    const body = { ...EXPERIMENT, method: 'base' as const, hyperparameters: {}, scorer: true };
    await expect(client.createExperiment({ body })).rejects.toMatchObject({
      problem: { status: 400, errors: [{ pointer: '#/scorer' }] },
    });
  });
}
