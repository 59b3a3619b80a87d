/** The health check's file: well while the edge answers, not before, not long after, and never another machine's. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findAilment, Pulse } from '../../../gpu-runner/runner/health.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rlcd-health-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('health', () => {
  it('is that the edge has answered lately', async () => {
    expect(await findAilment(folder, Date.now())).toMatch(/has not answered yet/);
    const pulse = new Pulse(folder);
    await pulse.beat();
    expect(await findAilment(folder, Date.now())).toBeNull();
    expect(await findAilment(folder, Date.now() + 89_000)).toBeNull();
    expect(await findAilment(folder, Date.now() + 100_000)).toBe('the edge has not answered for 100 s');
    await pulse.end();
    expect(await findAilment(folder, Date.now())).toMatch(/has not answered yet/);
  });

  it('is not taken from a file of another machine, nor from half of one', async () => {
    writeFileSync(join(folder, 'health-elsewhere.json'), JSON.stringify({ answeredAt: Date.now() }));
    expect(await findAilment(folder, Date.now())).toMatch(/has not answered yet/);
    writeFileSync(join(folder, `health-${hostname()}.json`), '{"answeredAt":17');
    expect(await findAilment(folder, Date.now())).toMatch(/has not answered for \d+ s/);
  });

  it('is written down at most every five seconds', async () => {
    const pulse = new Pulse(folder);
    await pulse.beat();
    const [file = ''] = readdirSync(folder);
    writeFileSync(join(folder, file), 'untouched');
    await pulse.beat();
    expect(await findAilment(folder, Date.now())).toMatch(/has not answered for/);
  });

  it('says so where the cache cannot be written', async () => {
    await expect(new Pulse(join(folder, 'missing')).beat()).rejects.toThrow('ENOENT');
  });
});
