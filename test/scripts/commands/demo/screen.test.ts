/** What a run says first, when it is stopped, and last; the guide shows the same, at 80 columns and at 60. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  commandToGoOn,
  firstScreen,
  nextSteps,
  stoppedText,
  type RunPlace,
} from '../../../../scripts/commands/demo/screen.ts';
import { createProgress } from '../../../../scripts/terminal/progress.ts';
import type { StageView } from '../../../../scripts/terminal/stage-lines.ts';

const folder = '.rlcd/demo-2026-11-30T01-05-12-345Z';
const place: RunPlace = {
  words: ['demo', '--host', 'node'],
  url: 'http://127.0.0.1:8787',
  folder,
  keysFile: `${folder}/keys.json`,
  adminKey: 'q3hX0mWcKb1Yd7vR9sLf2TnJ8pZaUe5GxVoQ4iHwNkE',
};
const experimentId = '01a229e0-3b49-7000-a575-6eba5545e46e';
const NOW = new Date(2026, 10, 30, 1, 6).getTime();

const stage = (name: string, given: Partial<StageView> = {}): StageView => ({
  name,
  status: 'waiting',
  share: 0,
  detail: '',
  seconds: undefined,
  ...given,
});
const stages = [
  stage('simulate', { status: 'succeeded', share: 1, seconds: 13, detail: '448/448 prompts' }),
  stage('train-preference-model', { status: 'succeeded', share: 1, seconds: 9, detail: '84/84 steps' }),
  stage('ppo', {
    status: 'running',
    share: 0.4,
    seconds: 24,
    endsAt: NOW + 60_000,
    detail: '16/40 steps  reward 0.31 to 0.52  KL 1.4 to 3.9  2143 tokens/s',
  }),
  ...['select', 'generate', 'generate-base', 'judge'].map((name) => stage(name, { endsAt: NOW + 90_000 })),
];

/** What a shell makes of lines that go on. */
const asShell = (text: string) => text.replaceAll(/ +\\\n +/g, ' ');

/** Everything that stands on a terminal of so many columns while PPO runs. */
function screen(columns: number): string {
  const written: string[] = [firstScreen(place, { isTTY: true, columns })];
  const output = { isTTY: true, columns, write: (text: string) => written.push(text) };
  createProgress(output, () => NOW).show(stages, { share: 0.57, endsAt: NOW + 90_000 });
  return written.join('');
}

it.each([80, 60])('fits on %i columns, as the guide shows it', (columns) => {
  const text = screen(columns);
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThan(columns);
  for (const fact of [place.url, place.adminKey, 'reward 0.31 to 0.52', '2143 tokens/s', 'ends 01:07']) {
    expect(text).toContain(fact);
  }
  const guide = readFileSync(new URL('../../../../docs/terminal.md', import.meta.url), 'utf8');
  expect(guide).toContain(`\n${text.trimEnd()}\n`);
});

it('shows the key on a terminal alone, and elsewhere where it lies', () => {
  const elsewhere = firstScreen(place, {});
  expect(elsewhere).not.toContain(place.adminKey);
  expect(elsewhere).toContain(`Key         "admin" in ${place.keysFile}\n`);
  for (const serves of [true, false]) {
    expect(nextSteps(place, { experimentId, serves })).not.toContain(place.adminKey);
  }
});

it('goes on with the same words in the same folder, quoted for a shell', () => {
  expect(commandToGoOn(place).join(' ')).toBe(`npx rlcd demo --host node --data ${folder}`);
  const words = ['align', '--principle', "it's kind.json", '--data=here'];
  expect(commandToGoOn({ words, folder }).join(' ')).toBe(
    String.raw`npx rlcd align --principle 'it'\''s kind.json' --data=here`,
  );
});

it('breaks commands so that a shell reads them as one', () => {
  const words = ['align', '--principle', 'stories that end kindly.json'];
  const text = stoppedText({ ...place, words }, 40);
  expect(text).toMatch(/--data \\\n/);
  expect(asShell(text)).toContain(
    ` npx rlcd align --principle 'stories that end kindly.json' --data ${folder}\n`,
  );
});

it('ends with what can be done next, which serves again where it has ended', () => {
  const served = nextSteps(place, { experimentId, serves: true });
  expect(served).toContain(`${place.url}/experiments/${experimentId}`);
  expect(asShell(served)).toContain(`npx rlcd chat ${experimentId} --data ${folder}`);
  expect(nextSteps(place, { experimentId, serves: true }, 60)).toContain(
    `\nLook at it\n${place.url}/experiments/${experimentId}\n`,
  );
  const ended = nextSteps({ ...place, words: ['demo', '--exit'] }, { experimentId, serves: false });
  expect(ended).toContain(`Look at it  npx rlcd demo --data ${folder}\n`);
  expect(ended).not.toContain(place.url);
});
