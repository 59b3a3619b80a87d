/** `npm run bench -- NAME ...`: runs the bench of that name, test/bench/NAME.ts, with the arguments behind it. */
import { readdirSync, readFileSync } from 'node:fs';
import { explain } from '../../shared/explain.ts';
import { UsageError } from '../../scripts/usage-error.ts';

/** What a bench file exports. */
export interface Bench {
  readonly run: (values: readonly string[]) => Promise<void>;
}

/** The comment that a bench begins with, which tells its options. */
function headOf(source: string): string {
  const comment = /^\/\*\*([^]*?)\*\//.exec(source)?.[1] ?? '';
  return comment.replaceAll(/^ *\* ?/gm, '').trim();
}

const folder = new URL('.', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3));
const [name = '', ...values] = process.argv.slice(2);
try {
  if (!names.includes(name)) {
    throw new UsageError(`npm run bench -- NAME [options], with NAME one of ${names.join(', ')}`);
  }
  const file = new URL(`${name}.ts`, folder);
  if (values.includes('--help')) console.log(headOf(readFileSync(file, 'utf8')));
  else await ((await import(file.href)) as Bench).run(values);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
