/** Writes a report into a folder in its three forms. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import type { ReportDocument } from '../../../shared/report/document.ts';
import { reportPage } from '../../../shared/report/html/page.ts';
import { reportMarkdown } from '../../../shared/report/markdown.ts';

/** Writes report.json, report.md and report.html; equal documents give equal bytes. @returns the files */
export async function writeReport(folder: string, document: ReportDocument): Promise<string[]> {
  await makeFolder(folder);
  const forms = [
    ['report.json', `${JSON.stringify(document, null, 2)}\n`],
    ['report.md', reportMarkdown(document)],
    ['report.html', reportPage(document)],
  ] as const;
  const files: string[] = [];
  for (const [name, text] of forms) {
    const file = join(folder, name);
    await writeFile(file, text);
    files.push(file);
  }
  return files;
}
