/** Progress: bars that are drawn over on a terminal, one line a change elsewhere; nothing in it steers a terminal. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createProgress, type StageView } from '../../../scripts/terminal/progress.ts';

function stage(given: Partial<StageView>): StageView {
  return { name: 'ppo', status: 'running', share: 0.5, detail: '1/2 steps', seconds: 3, ...given };
}

function recorder(isTTY: boolean) {
  const written: string[] = [];
  const progress = createProgress({ isTTY, columns: 100, write: (text: string) => written.push(text) });
  return { written, progress };
}

describe('progress', () => {
  it('draws one line a stage on a terminal, and draws over it', () => {
    const { written, progress } = recorder(true);
    const stages = [stage({ name: 'simulate', status: 'succeeded', share: 1 }), stage({})];
    progress.show(stages);
    progress.show(stages);
    expect(written[0]?.startsWith('\u001B[2A')).toBe(false);
    expect(written[1]?.startsWith('\u001B[2A')).toBe(true);
    const lines = stripVTControlCharacters(written[0] ?? '')
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/▸ ppo +█{12}░{12}  50 %  3 s +1\/2 steps/);
  });

  it('never lets a line wrap', () => {
    const { written, progress } = recorder(true);
    progress.show([stage({ detail: 'x'.repeat(500) })]);
    expect(stripVTControlCharacters(written[0] ?? '').trimEnd().length).toBeLessThan(100);
  });

  it.each([true, false])('shows what a runner reports as text (terminal: %s)', (isTTY) => {
    const { written, progress } = recorder(isTTY);
    progress.show([stage({ detail: '\u001B]0;owned\u0007\u001B[31mred\r\nnext\u009B2J' })]);
    const text = written.join('');
    for (const control of ['\u001B]', '\u001B[31m', '\r', '\u0007', '\u009B']) {
      expect(text).not.toContain(control);
    }
    expect(text.split('\n')).toHaveLength(2);
  });

  it('writes a line when something changed, elsewhere', () => {
    const { written, progress } = recorder(false);
    progress.show([stage({ share: 0.1 }), stage({ name: 'judge', status: 'waiting' })]);
    progress.show([stage({ share: 0.2 })]);
    progress.show([stage({ share: 0.3 })]);
    progress.show([stage({ share: 1, status: 'succeeded' })]);
    expect(written.map((line) => line.trim().split(/ {2,}/).slice(0, 2).join(' '))).toHaveLength(3);
    expect(written[2]).toMatch(/^ppo: succeeded 100 %/);
  });
});
