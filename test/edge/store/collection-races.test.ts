/** Collection beside uploads, over the real store, in every order of their steps. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { artifactBlob, findArtifact } from '../../../edge/store/artifacts.ts';
import {
  holdArtifact,
  openArtifact,
  putBy,
  writeArtifact,
  type NewArtifact,
} from '../../../edge/store/artifact-bytes.ts';
import { collect, GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { commit, type Store } from '../../../edge/store/database.ts';
import { artifacts } from '../../../edge/store/schema/index.ts';
import { bytesOf, everyOrder } from './interleavings.ts';

const CONTENT = 'the same bytes';
const NOW = 10 * GRACE_MILLISECONDS;
const ARTIFACT: NewArtifact = {
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  mediaType: 'text/plain',
  kind: 'report',
  producedByTaskId: null,
  createdBy: null,
  isKept: false,
};

/** What a PUT does. */
async function put(store: Store): Promise<void> {
  const known = await holdArtifact(store, ARTIFACT.sha256, NOW);
  if (known?.intact) {
    await commit(store.database, putBy(store.database, ARTIFACT));
    return;
  }
  const content = (async function* () {
    yield Buffer.from(CONTENT);
  })();
  await writeArtifact(store, ARTIFACT, content, () => undefined, NOW, known?.row);
}

/** Two rounds at one time: the second finds what the first left. */
async function collectTwice(store: Store): Promise<void> {
  await collect(store, NOW);
  await collect(store, NOW);
}

/** An artifact whose grace is over, so that the next round takes it. */
async function due(store: Store): Promise<void> {
  await put(store);
  await store.database.update(artifacts).set({ dueAt: NOW - 1 });
}

/** Due as well, with its blob already condemned by a round that broke off. */
async function damaged(store: Store): Promise<void> {
  await due(store);
  const row = await findArtifact(store.database, ARTIFACT.sha256);
  await store.blobs.delete(row ? artifactBlob(row) : '');
}

it.each([
  ['one that is due', due],
  ['one that is due and damaged', damaged],
  ['none', async () => undefined],
] as const)(
  'an upload that was answered can be read, whatever the collector does meanwhile to %s',
  { timeout: 300_000 },
  async (_, prepare) => {
    const orders = await everyOrder(prepare, [put, collectTwice], async ({ store, ended }, taken) => {
      expect(
        ended.map(({ status }) => status),
        taken.join(''),
      ).toEqual(['fulfilled', 'fulfilled']);
      expect(await bytesOf(await openArtifact(store, ARTIFACT.sha256)), taken.join('')).toBe(CONTENT);
      // The blobs that went with the collected row are deleted after this; the answered one is not among them.
      for (let round = 0; round < 3; round++) {
        await collect(store, NOW + GRACE_MILLISECONDS - 1);
      }
      expect(await bytesOf(await openArtifact(store, ARTIFACT.sha256)), taken.join('')).toBe(CONTENT);
    });
    expect(orders).toBeGreaterThan(100);
  },
);

it('two uploads of the same bytes leave one artifact with its bytes, and no blob that is not collected', async () => {
  const orders = await everyOrder(
    async () => undefined,
    [put, put],
    async ({ store, ended }, taken) => {
      expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      expect(await bytesOf(await openArtifact(store, ARTIFACT.sha256)), taken.join('')).toBe(CONTENT);
    },
  );
  expect(orders).toBeGreaterThan(1);
});
