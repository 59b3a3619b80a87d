/** Progress: bars that are drawn over on a terminal, one line a change elsewhere; nothing in it steers a terminal. */
import { stripVTControlCharacters } from 'node:util';
import { WriteStream } from 'node:tty';
import { describe, expect, it, vi } from 'vitest';
import { clockTime } from '../../../shared/clock-time.ts';
import { createProgress } from '../../../scripts/terminal/progress.ts';
import type { StageView } from '../../../scripts/terminal/stage-lines.ts';

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

  it('never lets the terminal break a line, and loses no figure of what runs', () => {
    const detail = '12/40 steps  reward 0.31 to 0.52  KL 1.4 to 3.9  2143 tokens/s';
    for (const columns of [120, 100, 80, 72, 60, 40, 20]) {
      const written: string[] = [];
      const progress = createProgress({ isTTY: true, columns, write: (text: string) => written.push(text) });
      progress.show([stage({ detail }), stage({ detail: 'x'.repeat(500) })]);
      const lines = written.join('').trimEnd().split('\n');
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(columns);
      const shown = lines.join(' ').replaceAll(/\s+/g, ' ');
      for (const word of detail.split(/\s+/)) expect(shown).toContain(word);
    }
  });

  it('draws over as many rows as stand there, also when the terminal became narrower', () => {
    const written: string[] = [];
    const output = { isTTY: true, columns: 100, write: (text: string) => written.push(text) };
    const progress = createProgress(output);
    const detail = '12/40 steps  reward 0.31 to 0.52  KL 1.4 to 3.9  2143 tokens/s';
    progress.show([stage({ detail })]);
    expect(written[0]?.trimEnd().split('\n')).toHaveLength(2);
    progress.show([stage({ detail: '' })]);
    expect(written[1]?.startsWith('\u001B[2A\u001B[J')).toBe(true);
    output.columns = 40;
    progress.show([stage({})]);
    // One line of 60 columns has become two.
    expect(written[2]?.startsWith('\u001B[2A\u001B[J')).toBe(true);
  });

  it('draws no more than a screen', () => {
    const written: string[] = [];
    const output = { isTTY: true, columns: 80, rows: 5, write: (text: string) => written.push(text) };
    createProgress(output).show(Array.from({ length: 20 }, (_, row) => stage({ name: `stage ${row}` })));
    const lines = (written[0] ?? '').trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toContain('stage 19');
  });

  it.each([true, false])('uses colours where the terminal shows them (%s)', (hasColours) => {
    const written: string[] = [];
    const write = (text: string) => written.push(text);
    createProgress({ isTTY: true, hasColors: () => hasColours, write }).show([stage({})]);
    expect(written.join('').includes('\u001B[36m')).toBe(hasColours);
  });

  it('is told by NO_COLOR as Node reads it, and draws nothing over on a dumb terminal', () => {
    vi.stubEnv('NO_COLOR', '1');
    expect(new WriteStream(0).hasColors()).toBe(false);
    vi.unstubAllEnvs();
    vi.stubEnv('TERM', 'dumb');
    const { written, progress } = recorder(true);
    progress.show([stage({})]);
    expect(written).toEqual(['ppo: running  50 %  3 s  1/2 steps\n']);
    vi.unstubAllEnvs();
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

  it('keeps counts in sight on 80 columns, with the end by the clock, and all stages below', () => {
    const written: string[] = [];
    const now = new Date(2026, 0, 5, 20, 0).getTime();
    const output = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
    const progress = createProgress(output, () => now);
    const endsAt = now + 41 * 60_000;
    progress.show([stage({ endsAt })], { share: 0.25, endsAt });
    progress.show([stage({ endsAt })], { share: 0.25, endsAt });
    const [running = '', all = ''] = stripVTControlCharacters(written[0] ?? '').split('\n');
    expect(running).toMatch(/▸ ppo +█{4}░{4}  50 %  3 s +ends 20:41 +1\/2 steps/);
    expect(all).toMatch(/▸ all +█{2}░{6}  25 % +ends 20:41/);
    expect(running.length).toBeLessThan(80);
    expect(written[1]?.startsWith('\u001B[2A')).toBe(true);
  });

  it('writes a line when a stage changed and every 30 s, elsewhere', () => {
    const written: string[] = [];
    let now = new Date(2026, 0, 5, 20, 0).getTime();
    const progress = createProgress({ write: (text: string) => written.push(text) }, () => now);
    const show = (given: Partial<StageView>) => {
      const endsAt = now + 60_000;
      progress.show([stage({ endsAt, ...given }), stage({ name: 'judge', status: 'waiting' })], {
        share: 0.125,
        endsAt,
      });
    };
    show({ share: 0.1 });
    now += 29_000;
    show({ share: 0.9 });
    now += 1000;
    show({ share: 0.95 });
    now += 1000;
    show({ share: 1, status: 'succeeded', endsAt: null });
    expect(written).toEqual([
      'ppo: running  10 %  3 s  ends 20:01  1/2 steps  all 13 % ends 20:01\n',
      'ppo: running  95 %  3 s  ends 20:01  1/2 steps  all 13 % ends 20:01\n',
      'ppo: succeeded 100 %  3 s  1/2 steps\n',
    ]);
  });

  it('says what it waits for every 30 s where nothing runs', () => {
    const written: string[] = [];
    let now = 0;
    const progress = createProgress({ write: (text: string) => written.push(text) }, () => now);
    const waiting = ['simulate', 'ppo'].map((name) =>
      stage({ name, status: 'waiting', share: 0, detail: '', seconds: undefined }),
    );
    for (let second = 0; second <= 61; second += 1) {
      now = second * 1000;
      progress.show(waiting);
    }
    expect(written).toEqual(['simulate: waiting   0 %\n', 'simulate: waiting   0 %\n']);
  });

  it('says once that a stage waits for the runner that another keeps busy, and every 30 s where none is', () => {
    const written: string[] = [];
    let now = 0;
    const progress = createProgress({ write: (text: string) => written.push(text) }, () => now);
    const waits = stage({ name: 'generate-base', share: 0, detail: 'waits', seconds: undefined });
    for (const [second, busy] of [
      [0, true],
      [30, true],
      [60, true],
      [61, false],
      [91, false],
    ] as const) {
      now = second * 1000;
      progress.show(busy ? [stage({}), waits] : [waits]);
    }
    const ppo = 'ppo: running  50 %  3 s  1/2 steps\n';
    const waiting = 'generate-base: running   0 %  waits\n';
    expect(written).toEqual([ppo, waiting, ppo, ppo, waiting]);
  });

  it('names the day of an end that is not today', () => {
    const now = new Date(2026, 0, 5, 20, 0).getTime();
    expect(clockTime(now + 5 * 3_600_000, now)).toBe('Tue 01:00');
    expect(clockTime(now + 3_600_000, now)).toBe('21:00');
  });
});
