/** What `npm ci` does on a machine without CUDA: no download of the engine's, and no warning, whatever npm it is. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

it("never runs the script by which the engine's package fetches what only CUDA needs", () => {
  const { allowScripts } = z
    .object({ allowScripts: z.record(z.string(), z.boolean()) })
    .parse(JSON.parse(read('package.json')));
  // For versions of npm that know the field.
  expect(allowScripts['onnxruntime-node']).toBe(false);
  // For those before it, which run the scripts that the lock file tells of. `npm install` may write it back: take it out.
  const { packages } = z
    .object({ packages: z.record(z.string(), z.looseObject({ hasInstallScript: z.boolean().optional() })) })
    .parse(JSON.parse(read('package-lock.json')));
  expect(packages['node_modules/onnxruntime-node']).toBeDefined();
  expect(packages['node_modules/onnxruntime-node']).not.toHaveProperty('hasInstallScript');
  // Every other one that has a script is decided on.
  const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = scripted.map(([place]) => place.replace(/^.*node_modules\//, ''));
  expect(names.filter((name) => !(name in allowScripts))).toEqual([]);
});

it('has no setting that npm does not know', () => {
  expect(read('.npmrc').trim().split('\n')).toEqual(['save-exact=true']);
});
