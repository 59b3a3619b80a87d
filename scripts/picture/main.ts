/**
 * `npm run picture -- RESULT.json [PICTURE.svg]`: draws a demo's result for the README.
 *
 *   npm run --silent demo -- --exit --json > result.json
 *   npm run picture -- result.json docs/results/demo.svg
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { explain } from '../explain.ts';
import { UsageError } from '../usage-error.ts';
import { demoPicture } from './demo-picture.ts';
import { demoResult } from './demo-result.ts';

async function main([file, picture = 'docs/results/demo.svg']: readonly string[]): Promise<void> {
  if (file === undefined)
    throw new UsageError('name the result: npm run --silent demo -- --exit --json > result.json');
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new UsageError(`${file} is no JSON that can be read: ${(cause as Error).message}`, { cause });
  }
  const parsed = demoResult.safeParse(value);
  if (!parsed.success) {
    throw new UsageError(`${file} is not a result of the demo: ${z.prettifyError(parsed.error)}`);
  }
  await mkdir(dirname(picture), { recursive: true });
  await writeFile(picture, demoPicture(parsed.data));
  console.log(picture);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
