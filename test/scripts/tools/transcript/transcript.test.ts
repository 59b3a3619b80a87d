/** docs/curl.md holds the commands of the transcript, and they lead from an empty edge to what a model wrote. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { edgeUrl, startEdge } from '../../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../../scripts/processes/free-port.ts';
import { runSteps } from '../../../../scripts/tools/transcript/run-steps.ts';
import { STEPS } from '../../../../scripts/tools/transcript/steps.ts';

const ADMIN = 'the-administrators-key-of-the-transcript-0123456789';
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const blocksOf = (markdown: string, language: string) =>
  Array.from(
    markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)\\n\`\`\`$`, 'gm')),
    ([, text = '']) => text,
  );

/** Whatever the version of the engine is. */
const unversioned = (command: string) => command.replace(/"engineVersion":"[^"]*"/, '"engineVersion":""');

it('stands in docs/curl.md, command by command', () => {
  const document = readFileSync(new URL('../../../../docs/curl.md', import.meta.url), 'utf8');
  // The first one starts the edge.
  const [, ...commands] = blocksOf(document, 'sh');
  expect(commands.map(unversioned)).toEqual(STEPS.map(({ command }) => unversioned(command)));
});

describe.skipIf(!hasCurl)('the transcript (curl is absent: install it)', () => {
  it('ends with what a real runner made', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-transcript-test-'));
    const port = await freePort();
    const edge = await startEdge({ host: 'node', port, dataFolder: folder, adminKey: ADMIN });
    try {
      const told = runSteps({ url: edgeUrl(port), key: ADMIN }, folder);
      const answers = told.flatMap((step) => blocksOf(step, 'text'));
      const line = answers.at(-1) ?? '';
      const made = z
        .object({ prompt: z.string(), completion: z.string(), tokens: z.int() })
        .parse(JSON.parse(line));
      expect(made.prompt).toBe('Once upon a time a fox found a hat.');
      expect(made.completion.trim()).not.toBe('');
      expect(made.tokens).toBeLessThanOrEqual(24);
    } finally {
      await edge.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
