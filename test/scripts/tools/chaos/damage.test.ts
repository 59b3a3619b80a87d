/** Bits that flip in a store, against the real edge: it is asked for the artifact, and mends it by the owner's PUT. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Damage } from '../../../../scripts/tools/chaos/damage.ts';
import { createHarness } from '../../../edge/harness.ts';
import { createFolder, openNodeStore } from '../../../edge/node-store.ts';

it('flips one bit, and puts the right bytes of what is still damaged', async () => {
  const folder = createFolder();
  const { clients } = await createHarness(async () => openNodeStore(folder));
  const content = 'the bytes of an artifact';
  const sha256 = createHash('sha256').update(content).digest('hex');
  await clients.admin.putArtifact({ parameters: { sha256 }, query: { kind: 'report' }, body: content });
  const artifacts = join(folder, 'blobs', 'artifacts');
  const stored = () => readdirSync(artifacts).map((name) => readFileSync(join(artifacts, name), 'utf8'));
  const damage = new Damage(folder, clients.admin);
  expect(await damage.flip('b'.repeat(64), 0.5)).toBe(false);
  expect(await damage.flip(sha256, 0.5)).toBe(true);
  const [damaged = ''] = stored();
  const differing = damaged.split('').filter((character, place) => character !== content[place]);
  expect([damaged.length, differing.length]).toEqual([content.length, 1]);
  expect(await damage.mend()).toEqual({ mended: 1, unmended: 0 });
  expect(stored()).toContain(content);
  expect(await damage.mend()).toEqual({ mended: 0, unmended: 0 });
});
