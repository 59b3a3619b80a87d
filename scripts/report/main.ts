/** `npm run report -- REPORT.json [FOLDER]`: writes a report's Markdown and page again from its data. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { reportDocument } from '../../shared/report/document.ts';
import { explain } from '../explain.ts';
import { writeReport } from '../paper/write-report.ts';
import { UsageError } from '../usage-error.ts';

async function main([file, folder]: readonly string[]): Promise<void> {
  if (file === undefined) throw new UsageError('name the data of a report: npm run report -- report.json');
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new UsageError(`${file} is no JSON that can be read: ${(cause as Error).message}`, { cause });
  }
  const parsed = reportDocument.safeParse(value);
  if (!parsed.success) throw new UsageError(`${file} is not a report: ${z.prettifyError(parsed.error)}`);
  for (const written of await writeReport(folder ?? dirname(file), parsed.data)) console.log(written);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
