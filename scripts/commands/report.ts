/** `rlcd report`: writes a report's Markdown and page again from its data. */
import { dirname } from 'node:path';
import { createCommand } from '../../shared/command-line/command.ts';
import { reportDocument } from '../../shared/report/document.ts';
import { readDocument } from '../read-document.ts';
import { writeReport } from './paper/write-report.ts';

export const command = createCommand(
  'rlcd report',
  'Writes the Markdown and the page of a report again from its data; rlcd paper writes all three.',
)
  .argument('<report.json>', 'the data of a report')
  .argument('[folder]', 'where they go; beside the data unless given')
  .action(async (file, folder = dirname(file)) => {
    const document = await readDocument(file, reportDocument, 'a report');
    for (const written of await writeReport(folder, document)) console.log(written);
  });
