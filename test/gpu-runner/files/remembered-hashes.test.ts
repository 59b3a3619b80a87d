/** A hash that is remembered is that of the bytes, whatever is done to the file or to what was remembered. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { RememberedHashes } from '../../../gpu-runner/files/remembered-hashes.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';

const hashOf = (bytes: string): string => createHash('sha256').update(bytes).digest('hex');

test('other bytes have another hash, also of the same length, place and time of modification', async () => {
  const hashes = new RememberedHashes(temporaryFolder());
  const file = path.join(temporaryFolder(), 'weights');
  writeFileSync(file, 'aaaa');
  const { atime, mtime } = statSync(file);
  expect(await hashes.hashOf(file)).toBe(hashOf('aaaa'));
  expect(await hashes.hashOf(file)).toBe(hashOf('aaaa'));
  writeFileSync(file, 'bbbb');
  utimesSync(file, atime, mtime);
  expect(await hashes.hashOf(file)).toBe(hashOf('bbbb'));
  writeFileSync(`${file}2`, 'cccc');
  utimesSync(`${file}2`, atime, mtime);
  renameSync(`${file}2`, file);
  expect(await hashes.hashOf(file)).toBe(hashOf('cccc'));
});

test('it is read once: what was remembered is taken for as long as the file is untouched', async () => {
  const cache = temporaryFolder();
  const file = path.join(temporaryFolder(), 'weights');
  writeFileSync(file, 'aaaa');
  await new RememberedHashes(cache).hashOf(file);
  const [record = ''] = readdirSync(path.join(cache, 'hashes'));
  const place = path.join(cache, 'hashes', record);
  const { state } = JSON.parse(readFileSync(place, 'utf8')) as { state: object };
  writeFileSync(place, JSON.stringify({ state, sha256: 'f'.repeat(64) }));
  expect(await new RememberedHashes(cache).hashOf(file)).toBe('f'.repeat(64));
  for (const broken of [
    '',
    '{',
    '{"sha256":"x"}',
    JSON.stringify({ state: { ...state, bytes: '5' }, sha256: 'f'.repeat(64) }),
  ]) {
    writeFileSync(place, broken);
    expect(await new RememberedHashes(cache).hashOf(file)).toBe(hashOf('aaaa'));
  }
});
