/** `rlcd chat` as a process whose input is no terminal, on the bundled model. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { storiesWithTemplate } from '../../../gpu-runner/serve/endpoint-process.ts';

async function chat(words: readonly string[], input: string) {
  const child = spawn(process.execPath, ['scripts/rlcd.ts', 'chat', ...words], {
    env: { ...process.env, NO_COLOR: '1' },
  });
  child.stdin.end(input);
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { output, errors, exitCode: Number(exitCode) };
}

const SETTINGS = ['--seed', '4', '--max-tokens', '24'];

test('every line is a message; after /reset the same seed says the same again; /quit ends', async () => {
  const words = ['--model', await storiesWithTemplate(), ...SETTINGS];
  const { output, exitCode } = await chat(
    words,
    'Tom had a dog.\n\nHe ran.\n/reset\nTom had a dog.\n/quit\nNo.\n',
  );
  const answers = output
    .trimEnd()
    .split(/^stories: /m)
    .slice(1);
  expect(answers).toHaveLength(3);
  expect(answers[0]?.length).toBeGreaterThan(20);
  expect(answers[1]).not.toBe(answers[0]);
  expect(answers[2]).toBe(answers[0]?.trimEnd());
  expect(exitCode).toBe(0);
});

test('a model without a template says so and goes on with each text', async () => {
  const { output, errors } = await chat(SETTINGS.concat('--model', 'bundled'), 'Once upon a time\n');
  expect(errors).toContain('no chat template');
  expect(output).toMatch(/^bundled: .{20}/);
});

test('what cannot be is told before any work', async () => {
  const { errors, exitCode } = await chat(['some-experiment'], '');
  expect(errors).toContain('give --data');
  expect(exitCode).toBe(2);
  const both = await chat(['--model', 'bundled', '--data', 'x'], '');
  expect(both.errors).toContain('--model is for a model alone');
  const strong = await chat(['--model', 'bundled', '--strength', '0.5'], '');
  expect(strong.errors).toContain('--strength is of an adapter');
});
