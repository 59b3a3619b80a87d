/** The table of SECURITY.md is that of the contract: who may do what. Set WRITE_TABLE to write it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { format } from 'prettier';
import { contract } from '../../shared/api/contract.ts';
import type { Endpoint } from '../../shared/api/endpoint.ts';
import { SCOPES } from '../../shared/api/words.ts';

const FILE = new URL('../../SECURITY.md', import.meta.url);
const PLACE = /(<!-- scopes -->\n)[^]*(<!-- \/scopes -->)/;

/** One row an operation, in the order of the contract. */
async function tableOf(): Promise<string> {
  const rows = Object.entries<Endpoint>(contract).map(([id, { method, path, scopes }]) => {
    const may = SCOPES.map((scope) => (scopes.length === 0 || scopes.includes(scope) ? 'yes' : ''));
    return `| \`${id}\` | ${method.toUpperCase()} \`${path}\` | ${may.join(' | ')} |`;
  });
  const head = `| operation | path | ${SCOPES.join(' | ')} |\n| --- | --- | ${SCOPES.map(() => '---').join(' | ')} |`;
  return await format(`${head}\n${rows.join('\n')}\n`, { parser: 'markdown' });
}

it('names every operation with the scopes that may call it', async () => {
  const text = readFileSync(FILE, 'utf8');
  const table = await tableOf();
  if (process.env['WRITE_TABLE'] !== undefined) {
    writeFileSync(
      FILE,
      text.replace(PLACE, (_, begin: string, end: string) => `${begin}\n${table}\n${end}`),
    );
    return;
  }
  expect(PLACE.exec(text)?.[0]).toContain(`\n\n${table}\n`);
});
