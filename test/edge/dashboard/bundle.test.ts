/** What a first visit costs, and that the built page keeps to its policy. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { ensureDashboard } from '../../../edge/hosts/build-dashboard.ts';

/** The limit for the first load, compressed. */
const FIRST_LOAD_BYTES = 150 * 1024;

let folder = '';
beforeAll(async () => {
  folder = await ensureDashboard();
});

const readText = (path: string) => readFileSync(join(folder, path), 'utf8');

/** Everything that a script loads before it runs, itself included. */
function closure(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, , imported = ''] of readText(file).matchAll(/(from|import)\s*"\.\/([^"]+\.js)"/g)) {
    closure(`assets/${imported}`, seen);
  }
  return seen;
}

it('loads the list of experiments with at most 150 KiB, compressed', () => {
  const index = readText('index.html');
  const linked = [...index.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, path = '']) => path);
  const page = readdirSync(join(folder, 'assets')).find((name) => /^experiments-page-.*\.js$/.test(name));
  const scripts = [...linked, `assets/${page}`].filter((path) => path.endsWith('.js'));
  const files = new Set(['index.html', ...linked, ...scripts.flatMap((path) => Array.from(closure(path)))]);
  const sizes = [...files].map((path) => gzipSync(readFileSync(join(folder, path))).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`first load: ${files.size} files, ${(total / 1024).toFixed(1)} KiB compressed`);
  expect(files.size).toBeGreaterThan(3);
  expect(total).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
});

it('has no inline script, style or handler, in the page or in what scripts make', () => {
  expect(readText('index.html')).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
  for (const file of readdirSync(join(folder, 'assets')).filter((name) => name.endsWith('.js'))) {
    // Solid makes elements from markup: a style attribute there is one that the policy forbids.
    expect(readText(`assets/${file}`).match(/<[a-z]+[^<>`]* style=(?!\$)[^<>`]*>/g) ?? [], file).toEqual([]);
  }
});
