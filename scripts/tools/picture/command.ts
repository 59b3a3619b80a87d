/** `npm run picture`: draws a demo's result for the README. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createCommand, runCommand } from '../../../shared/command-line/command.ts';
import { readDocument } from '../../read-document.ts';
import { demoPicture } from './demo-picture.ts';
import { demoResult } from './demo-result.ts';

export const command = createCommand(
  'npm run picture --',
  "Draws a demo's result, which npm run --silent demo -- --exit --json > result.json writes.",
)
  .argument('<result.json>', "a demo's result")
  .argument('[picture.svg]', 'the picture to write', 'docs/results/demo.svg')
  .action(async (file, picture) => {
    const result = await readDocument(file, demoResult, 'a result of the demo');
    await mkdir(dirname(picture), { recursive: true });
    await writeFile(picture, demoPicture(result));
    console.log(picture);
  });

if (import.meta.main) await runCommand(command);
