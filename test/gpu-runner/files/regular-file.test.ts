/** Model files that are no files, and links: a real named pipe, a socket, a device, links in and out of a folder. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile, readJsonFile } from '../../../gpu-runner/files/files.ts';
import { ModelFileError } from '../../../gpu-runner/files/model-file-error.ts';
import { openRegularFile } from '../../../gpu-runner/files/regular-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rlcd-files-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What refusing a path says; fails where it is opened. */
async function refusal(file: string): Promise<string> {
  try {
    const { handle } = await openRegularFile(file, 'Check the path');
    await handle.close();
  } catch (error) {
    if (error instanceof ModelFileError) return error.message;
    throw error;
  }
  throw new Error(`${file} was opened`);
}

async function size(file: string): Promise<number> {
  const { handle, bytes } = await openRegularFile(file, 'Check the path');
  await handle.close();
  return bytes;
}

describe.skipIf(process.platform === 'win32')('what is not a file', () => {
  it('is refused by its kind before it is read: a named pipe that nobody writes to would hold the reader up', async () => {
    const pipe = path.join(folder, 'config.json');
    execFileSync('mkfifo', [pipe]);
    expect(await refusal(pipe)).toMatch(
      /config\.json: is a named pipe, not a regular file\. Put the file itself there/,
    );
    await expect(readJsonFile(pipe, 1024, 'Fetch it again')).rejects.toThrow(/named pipe/);
    await expect(hashFile(pipe)).rejects.toThrow(/named pipe/);
  });

  it('is refused where a link leads to it', async () => {
    const [pipe, link] = [path.join(folder, 'pipe'), path.join(folder, 'model.gguf')];
    execFileSync('mkfifo', [pipe]);
    symlinkSync('pipe', link);
    expect(await refusal(link)).toMatch(/model\.gguf: is a named pipe/);
  });

  it('is refused: a socket, a device, a folder, nothing', async () => {
    const socket = path.join(folder, 'socket');
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    expect(await refusal(socket)).toMatch(/is a socket/);
    server.close();
    expect(await refusal('/dev/zero')).toMatch(/is a device/);
    expect(await refusal(folder)).toMatch(/is a folder/);
    expect(await refusal(path.join(folder, 'none'))).toMatch(/cannot be read\. Check the path/);
  });
});

describe('links', () => {
  it('are followed within the folder of the model, and where the folder itself is one', async () => {
    const model = path.join(folder, 'model');
    mkdirSync(model);
    writeFileSync(path.join(model, 'weights'), '12345');
    symlinkSync('weights', path.join(model, 'model.safetensors'));
    symlinkSync(model, path.join(folder, 'linked'));
    expect(await size(path.join(model, 'model.safetensors'))).toBe(5);
    expect(await size(path.join(folder, 'linked', 'model.safetensors'))).toBe(5);
  });

  it('are refused where they lead out of it, also to a folder whose name begins the same', async () => {
    const model = path.join(folder, 'model');
    mkdirSync(model);
    mkdirSync(path.join(folder, 'model-secret'));
    writeFileSync(path.join(folder, 'model-secret', 'key'), 'x');
    symlinkSync('../model-secret/key', path.join(model, 'tokenizer.json'));
    expect(await refusal(path.join(model, 'tokenizer.json'))).toMatch(
      /tokenizer\.json: is a link that leads out of the folder of the model\. Put the file itself there, or give/,
    );
  });

  it("are followed from a snapshot of the hub's cache to the cache's own files, and no further", async () => {
    const cached = path.join(folder, 'models--owner--name');
    const snapshot = path.join(cached, 'snapshots', 'abc');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(path.join(cached, 'blobs'));
    mkdirSync(path.join(folder, 'models--owner--other'));
    writeFileSync(path.join(cached, 'blobs', 'f00'), '123');
    writeFileSync(path.join(folder, 'models--owner--other', 'f00'), '1234');
    symlinkSync('../../blobs/f00', path.join(snapshot, 'config.json'));
    symlinkSync('../../../models--owner--other/f00', path.join(snapshot, 'tokenizer.json'));
    expect(await size(path.join(snapshot, 'config.json'))).toBe(3);
    expect(await refusal(path.join(snapshot, 'tokenizer.json'))).toMatch(/leads out of the folder/);
  });
});
