/** The clock never goes back and never stands still, whatever the machine's clock does. */
import { expect, it } from 'vitest';
import { createSteadyClock } from '../../../edge/hosts/steady-clock.ts';

const START = Date.UTC(2026, 10, 29);

function machine() {
  const lines: string[] = [];
  let [wall, monotonic] = [START, 5000];
  const clock = createSteadyClock(
    (line) => lines.push(line),
    () => wall,
    () => monotonic,
  );
  return {
    clock,
    lines,
    pass: (milliseconds: number) => {
      wall += milliseconds;
      monotonic += milliseconds;
    },
    jump: (milliseconds: number) => {
      wall += milliseconds;
    },
  };
}

it('goes as the machine goes, and says nothing', () => {
  const { clock, lines, pass, jump } = machine();
  expect(clock()).toBe(START);
  pass(60_000);
  jump(300);
  expect(clock()).toBe(START + 60_000);
  expect(lines).toEqual([]);
});

it('lengthens no lease where the machine is set back, and tells it once', () => {
  const { clock, lines, pass, jump } = machine();
  const until = clock() + 60_000;
  jump(-3_600_000);
  pass(59_999);
  expect(clock()).toBeLessThan(until);
  pass(1);
  expect(clock()).toBe(until);
  clock();
  expect(lines).toEqual([expect.stringMatching(/3600000 ms behind/)]);
  jump(-10_000);
  clock();
  expect(lines).toHaveLength(2);
});

it('follows forwards, and goes on from there when the machine comes back', () => {
  const { clock, lines, pass, jump } = machine();
  jump(3_600_000);
  expect(clock()).toBe(START + 3_600_000);
  jump(-3_600_000);
  pass(1000);
  expect(clock()).toBe(START + 3_601_000);
  expect(lines).toHaveLength(2);
});
