/** `npm run picture`: draws a demo's result for the README. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explain } from '../../../shared/explain.ts';
import { fileArguments } from '../../file-arguments.ts';
import { readDocument } from '../../read-document.ts';
import { UsageError } from '../../usage-error.ts';
import { demoPicture } from './demo-picture.ts';
import { demoResult } from './demo-result.ts';

const HELP = `npm run picture -- RESULT.json [PICTURE.svg]: draws a demo's result, into docs/results/demo.svg unless told.

  npm run --silent demo -- --exit --json > result.json
  npm run picture -- result.json

  --help        this text`;

async function main(): Promise<void> {
  const files = fileArguments(HELP);
  if (files === undefined) return;
  const [file, picture = 'docs/results/demo.svg'] = files;
  if (file === undefined)
    throw new UsageError('name the result: npm run --silent demo -- --exit --json > result.json');
  const result = await readDocument(file, demoResult, 'a result of the demo');
  await mkdir(dirname(picture), { recursive: true });
  await writeFile(picture, demoPicture(result));
  console.log(picture);
}

try {
  await main();
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
