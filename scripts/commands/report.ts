/** `npm run report`: writes a report's Markdown and page again from its data. */
import { dirname } from 'node:path';
import { reportDocument } from '../../shared/report/document.ts';
import { explain } from '../../shared/explain.ts';
import { writeReport } from './paper/write-report.ts';
import { fileArguments } from '../file-arguments.ts';
import { readDocument } from '../read-document.ts';
import { UsageError } from '../usage-error.ts';

const HELP = `npm run report -- REPORT.json [FOLDER]: writes the Markdown and the page of a report again from its data.

They go beside the data unless a folder is named; npm run paper writes all three.

  --help        this text`;

async function main(): Promise<void> {
  const files = fileArguments(HELP);
  if (files === undefined) return;
  const [file, folder] = files;
  if (file === undefined) throw new UsageError('name the data of a report: npm run report -- report.json');
  const document = await readDocument(file, reportDocument, 'a report');
  for (const written of await writeReport(folder ?? dirname(file), document)) console.log(written);
}

try {
  await main();
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
