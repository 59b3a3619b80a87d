/** What of a runner's machine a client is told: what it has named itself, last parts of paths, and nothing of files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, test } from 'vitest';
import { ModelFileError } from '../../../gpu-runner/files/model-file-error.ts';
import { describeFailure } from '../../../gpu-runner/runner/failure.ts';
import { toOpenaiError } from '../../../gpu-runner/serve/openai-error.ts';
import { describeModel, openBaseModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import { withoutContents, withoutPlaces } from '../../../gpu-runner/tasks/told-error.ts';
import { temporaryFolder, writeHuggingFaceFolder } from '../llama/weights/made-up-checkpoint.ts';

it.each([
  ['/srv/rlcd/cache/bases/ab12/base.bin: ends inside layers', 'base.bin: ends inside layers'],
  ["ENOENT: no such file, open '/home/someone/.cache/x.json'", "ENOENT: no such file, open 'x.json'"],
  [`${process.cwd()}/gpu-runner/a/c.bin: is short`, 'c.bin: is short'],
  ['/models/tiny/config.json and /models/other/config.json', '/models/tiny/config.json and config.json'],
  // What is no place of the machine stays.
  ['ask http://127.0.0.1:8000/v1/completions or owner/name/file', null],
  ['register it again (POST /v1/base-models), RLCD_MODEL_SOURCES=*,/models', null],
  ['./models/tiny: 3/4 of a/b', null],
])('%s', (text, told) => {
  expect(withoutPlaces(text, ['/models/tiny'])).toBe(told ?? text);
});

test('failures and refusals leave out where things lie', () => {
  const error = new ModelFileError(
    '/srv/cache/hub/a/config.json',
    'rope',
    'is none',
    'Look at /srv/cache/hub/a',
  );
  expect(describeFailure(error)).toMatchObject({
    message: 'config.json: rope: is none. Look at a.',
    cure: 'Look at a',
  });
  expect(toOpenaiError(error).body).toMatchObject({
    error: { message: 'config.json: rope: is none. Look at a.' },
  });
  expect(describeFailure(new Error("EACCES, open '/srv/cache/x/y'")).message).toBe("EACCES, open 'y'");
});

test.each(['config.json', 'tokenizer.json', 'generation_config.json', 'model.safetensors'])(
  'a model of a path with a strange %s tells nothing of what stands there',
  async (name) => {
    const folder = writeHuggingFaceFolder();
    const secret = 'correct-horse-battery';
    for (const content of [
      `${secret} 4711`,
      `{"${secret}": 4711, "model_type": "${secret}", "eos_token_id": "${secret}"}`,
    ]) {
      writeFileSync(path.join(folder, name), content);
      const error: unknown = await openBaseModel(folder, temporaryFolder()).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) continue;
      const told = JSON.stringify(describeFailure(withoutContents(error, folder), [folder]));
      expect(told).not.toMatch(/correct|horse|4711/);
      expect(told).toContain(name);
      expect(told).toContain("The runner's log says what is wrong");
    }
  },
);

test("a header's numbers are those of whatever file was named", async () => {
  const file = path.join(temporaryFolder(), 'other.bin');
  writeFileSync(file, Buffer.alloc(4096, 'secret'));
  writeFileSync(path.join(path.dirname(file), 'tokenizer.bin'), 'x');
  const error: unknown = await openBaseModel(file, temporaryFolder()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ModelFileError);
  const told = withoutContents(error, file);
  expect(String(told)).toBe(
    "ModelFileError: other.bin: cannot be read as a part of a model. The runner's log says what is wrong with it, and so does " +
      'npx rlcd runner --describe-model on its machine.',
  );
});

test('what the hub has, and what the client has sent, is told in full', () => {
  const hub = new ModelFileError(
    '/cache/hub/a--b@main/config.json',
    'model_type',
    'is "bert"',
    'Choose another',
  );
  expect(withoutContents(hub, 'a/b')).toBe(hub);
  const sent = new ModelFileError('the adapter', 'rank', 'is 3', 'Train it again');
  expect(withoutContents(sent, '/models/tiny')).toBe(sent);
});

test('the body of a registration tells of no folder that was not named', async () => {
  const cache = path.join(temporaryFolder(), 'cache');
  mkdirSync(cache);
  const body = JSON.stringify(await describeModel('small', 'bundled', cache));
  expect(body).not.toContain(process.cwd());
  expect(body).not.toContain(cache);
  expect(JSON.parse(body)).toMatchObject({
    source: 'bundled',
    configuration: { location: 'gpu-runner/models/stories' },
  });
});
