/** One round of the chaos run, with real processes: faults strike, and what is left equals the undisturbed run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runChaos } from '../../../../scripts/tools/chaos/run-chaos.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-chaos-round-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Its plan has a kill, a broken connection, a copy, a clock set back and a flipped bit. */
const SEED = 198;

it('loses nothing, doubles nothing, and ends in the bytes of the undisturbed run', async () => {
  const lines: string[] = [];
  const report = await runChaos(
    { rounds: 1, seed: SEED, model: 'bundled', data: folder },
    (line) => lines.push(line),
    new AbortController().signal,
  );
  expect(lines.at(-1)).toMatch(/^Round 0, .*: equal$/);
  expect(report).toMatchObject({ seed: SEED, rounds: 1, failed: [], wrong: [], serverErrors: 0 });
  expect(report.faults).toBeGreaterThan(0);
  expect(report.kinds).toHaveProperty('kill-runner');
});
