/** What a command tells while the engine works on its question. */
import { expect, it } from 'vitest';
import { progressTeller } from '../../../gpu-runner/answers/told-progress.ts';
import { clockTime } from '../../../shared/clock-time.ts';

it('tells every ten seconds and at the end, with the end by the clock', () => {
  const start = new Date(2026, 0, 5, 12, 0, 0).getTime();
  let now = start;
  const lines: string[] = [];
  const tell = progressTeller(
    (line) => lines.push(line),
    () => now,
  );
  const at = (seconds: number, share: number) => {
    now = start + 1000 * seconds;
    tell(share, 'some of it');
  };
  at(0, 0);
  at(9, 0.05);
  at(60, 0.1);
  at(65, 0.2);
  at(66, 1);
  expect(lines).toEqual(['some of it  10 %  ends 12:10', 'some of it  100 %']);
  expect(clockTime(start + 600_000, start)).toBe('12:10');
});
