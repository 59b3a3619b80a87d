/** `npm run examples`: asks a filled edge every operation that answers JSON, and writes what the reference shows as answers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { recordAnswers } from './record-answers.ts';

const FILE = fileURLToPath(new URL('../../edge/http/reference/answers.json', import.meta.url));

export const command = createCommand(
  'npm run examples --',
  'Asks an edge of the tests every operation that answers JSON, and writes the answers, which OpenAPI document and ' +
    'reference show, to edge/http/reference/answers.json.',
).action(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'rlcd-examples-'));
  try {
    const answers = await recordAnswers(folder);
    const options = { ...(await resolveConfig(FILE)), filepath: FILE };
    await writeFile(FILE, await format(JSON.stringify(answers), options));
    console.log(`${Object.keys(answers).length} answers written`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

if (import.meta.main) await runCommand(command);
