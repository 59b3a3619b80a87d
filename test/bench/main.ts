/** `npm run bench -- NAME ...`: runs the bench of that name, test/bench/NAME.ts, with the arguments behind it. */
import { existsSync, readdirSync } from 'node:fs';

/** What a bench file exports. */
export interface Bench {
  readonly run: (values: readonly string[]) => Promise<void>;
}

const folder = new URL('.', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3));
const [name = '', ...values] = process.argv.slice(2);
const file = new URL(`${name}.ts`, folder);
if (!names.includes(name) || !existsSync(file)) {
  throw new Error(`There is no bench "${name}": choose one of ${names.join(', ')}`);
}
const bench = (await import(file.href)) as Bench;
await bench.run(values);
