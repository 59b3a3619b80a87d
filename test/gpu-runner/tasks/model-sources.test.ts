/** A runner opens what its operator allows, and tells of everything else nothing but that it may not. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openTaskModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import {
  requireAllowedPlace,
  requireAllowedSource,
  resolvedSource,
} from '../../../gpu-runner/tasks/model-sources.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';

const folder = temporaryFolder();
const models = path.join(folder, 'models');
mkdirSync(path.join(models, 'tiny'), { recursive: true });
mkdirSync(path.join(folder, 'models-of-others'));
writeFileSync(path.join(folder, 'secret'), 'x');
symlinkSync(folder, path.join(models, 'out'));
const environment = { RLCD_MODEL_SOURCES: `${models}, HuggingFaceTB` };

it.each(['bundled', models, path.join(models, 'tiny'), 'HuggingFaceTB/SmolLM2-135M-Instruct@main'])(
  'opens %s',
  async (source) => {
    await expect(requireAllowedSource(source, environment)).resolves.toBeUndefined();
  },
);

it.each([
  path.join(folder, 'secret'),
  path.join(folder, 'models-of-others'),
  path.join(folder, 'nothing'),
  path.join(models, 'nothing'),
  path.join(models, '..', 'secret'),
  path.join(models, 'out', 'secret'),
  'someone/model',
  'secret',
  '..',
])('refuses %s, there or not, in the same words', async (source) => {
  await expect(requireAllowedSource(source, environment)).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining(`this runner may not open ${source}`),
  });
});

it('opens the bundled model and the hub where nothing is said, and no path, there or not', async () => {
  for (const source of ['bundled', 'someone/model', 'HuggingFaceTB/SmolLM2-135M-Instruct@main']) {
    await expect(requireAllowedSource(source, {})).resolves.toBeUndefined();
  }
  for (const source of [path.join(folder, 'secret'), models, path.join(folder, 'nothing'), '.']) {
    await expect(requireAllowedSource(source, {})).rejects.toMatchObject({
      message: expect.stringContaining(`this runner may not open ${source}`),
      cure: expect.stringContaining('RLCD_MODEL_SOURCES=*,/models'),
    });
  }
  const all = { RLCD_MODEL_SOURCES: `*,${models}` };
  await expect(requireAllowedSource('someone/model', all)).resolves.toBeUndefined();
  await expect(requireAllowedSource(path.join(models, 'tiny'), all)).resolves.toBeUndefined();
  await expect(requireAllowedSource(path.join(folder, 'secret'), all)).rejects.toThrow('may not open');
});

it('takes what has the form of a hub id for one, though a path of that name may be there', async () => {
  const here = process.cwd();
  process.chdir(folder);
  try {
    // Of both the first exists below the working folder, the second does not.
    for (const source of ['models/tiny', 'models/nothing', 'models-of-others', 'nothing']) {
      await expect(requireAllowedSource(source, {})).resolves.toBeUndefined();
      await expect(requireAllowedSource(source, environment)).rejects.toThrow(`may not open ${source}`);
      await expect(requireAllowedPlace(source, environment)).rejects.toThrow(`may not open ${source}`);
    }
    await expect(requireAllowedSource('./models/tiny', environment)).resolves.toBeUndefined();
    await expect(requireAllowedPlace('./models/tiny', environment)).resolves.toBeUndefined();
    for (const source of ['./models/nothing', './secret', './nothing', 'models/tiny/../../secret', 'a/b/c']) {
      await expect(requireAllowedSource(source, environment)).rejects.toThrow(`may not open ${source}`);
    }
    // What a person names here is looked for here first.
    expect(resolvedSource('models/tiny')).toBe(path.resolve('models/tiny'));
    expect(resolvedSource('models/nothing')).toBe('models/nothing');
    expect(resolvedSource('bundled')).toBe('bundled');
  } finally {
    process.chdir(here);
  }
});

it('asks the hub for a hub id, and opens no path of that name', async () => {
  const here = process.cwd();
  process.chdir(folder);
  process.env['HF_ENDPOINT'] = 'http://127.0.0.1:1';
  try {
    const refusals = await Promise.all(
      ['models/tiny', 'models/nothing'].map(async (source) => {
        const model = { name: 'x', source, weightsSha256: '' };
        const opened = openTaskModel(model, path.join(folder, 'cache'));
        return await opened.then(
          () => 'opened',
          (error: unknown) => String(error).replaceAll(source, 'SOURCE'),
        );
      }),
    );
    expect(new Set(refusals).size).toBe(1);
    expect(refusals[0]).toContain('SOURCE: 127.0.0.1:1 cannot be reached');
  } finally {
    delete process.env['HF_ENDPOINT'];
    process.chdir(here);
  }
});

it('names what cannot be a place', async () => {
  await expect(requireAllowedSource('bundled', { RLCD_MODEL_SOURCES: 'models/mine' })).rejects.toThrow(
    /RLCD_MODEL_SOURCES needs folders from the root/,
  );
});

it('is asked before a task reads a byte', async () => {
  process.env['RLCD_MODEL_SOURCES'] = models;
  try {
    const source = path.join(folder, 'secret');
    const opened = openTaskModel({ name: 'x', source, weightsSha256: '' }, path.join(folder, 'cache'));
    await expect(opened).rejects.toThrow(`this runner may not open ${source}`);
  } finally {
    delete process.env['RLCD_MODEL_SOURCES'];
  }
});
