/** The processes of a chaos run: what is killed while it comes up is killed once it is there, and one of each comes back. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { Machines } from '../../../../scripts/tools/chaos/machines.ts';

it(
  'an edge that is killed again while it comes up is one edge afterwards',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'rlcd-machines-'));
    const machines = await Machines.start(folder, 'bundled');
    try {
      await machines.kill('edge');
      await machines.kill('edge');
      await machines.restarted();
      expect(await machines.client.getHealth()).toMatchObject({ status: 'ok' });
    } finally {
      await machines.stop();
    }
    const log = await readFile(path.join(folder, 'edge.log'), 'utf8');
    await rm(folder, { recursive: true });
    // At first, and behind each kill.
    expect(log.match(/RLCD edge on/g)).toHaveLength(3);
    expect(log).not.toContain('Another edge serves');
  },
);
