/** safetensors against bytes written by hand: what is read, what is written, and every way a header can lie. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import {
  openSafetensors,
  parseSafetensors,
} from '../../../../gpu-runner/llama/weights/safetensors-reader.ts';
import { encodeSafetensors } from '../../../../gpu-runner/llama/weights/safetensors-writer.ts';
import { bytesOf, type Dtype, safetensorsBytes, temporaryFolder, withHeader } from './made-up-checkpoint.ts';

const sample = [
  { name: 'a', shape: [2, 3], values: [1, -2, 3.5, 0, 0.25, -8] },
  { name: 'b/ü', shape: [], values: [7] },
  { name: 'empty', shape: [0, 4], values: [] },
];

describe('reading', () => {
  test.each(['F32', 'F16', 'BF16'] as const)(
    '%s, whole and in part, from memory and from a file',
    async (dtype) => {
      const bytes = safetensorsBytes(sample, dtype);
      const file = path.join(temporaryFolder(), 'x.safetensors');
      writeFileSync(file, bytes);
      for (const reader of [await parseSafetensors(bytes, 'x'), await openSafetensors(file)]) {
        expect([...reader.entries.keys()]).toEqual(['a', 'b/ü', 'empty']);
        expect(reader.metadata.get('format')).toBe('pt');
        expect(reader.entry('a').shape).toEqual([2, 3]);
        for (const { name, values } of sample) expect([...(await reader.readElements(name))]).toEqual(values);
        expect([...(await reader.readElements('a', 1, 3))]).toEqual([-2, 3.5, 0]);
        await expect(reader.readElements('a', 4, 3)).rejects.toThrow(RangeError);
        await expect(reader.readElements('c')).rejects.toThrow(/x.*c: is not in the file/);
        await reader.close();
      }
    },
  );

  test('a number that is not finite is refused with its place', async () => {
    const bytes = safetensorsBytes([{ name: 'w', shape: [3], values: [1, 2, NaN] }], 'F32');
    const reader = await parseSafetensors(bytes, 'x');
    await expect(reader.readElements('w')).rejects.toThrow('x: w: holds NaN at element 2.');
    await expect(reader.readElements('w', 0, 2)).resolves.toEqual(Float32Array.of(1, 2));
  });

  test('integers may lie in the file but are not weights', async () => {
    const header = JSON.stringify({ ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } });
    const reader = await parseSafetensors(withHeader(header, new Uint8Array(8)), 'x');
    await expect(reader.readElements('ids')).rejects.toThrow(
      'x: ids: is stored as I64. Save the weights as F32',
    );
  });
});

describe('writing', () => {
  test('round trip: wide elements first, names sorted, data aligned, same bytes for any order', async () => {
    const tensors = [
      { name: 'z', dtype: 'F16', shape: [3], values: () => Float32Array.of(1, 2, 3) },
      { name: 'y', dtype: 'F32', shape: [1, 2], values: async () => Float32Array.of(0.1, -1e30) },
      { name: 'x', dtype: 'BF16', shape: [], values: () => Float32Array.of(0.5) },
      { name: 'w', dtype: 'F32', shape: [0], values: () => new Float32Array() },
    ] as const;
    const bytes = await encodeSafetensors(tensors, { note: 'ü' });
    expect(await encodeSafetensors([...tensors].reverse(), { note: 'ü' })).toEqual(bytes);
    const reader = await parseSafetensors(bytes, 'x');
    expect([...reader.entries.keys()]).toEqual(['w', 'y', 'x', 'z']);
    expect(reader.metadata).toEqual(new Map([['note', 'ü']]));
    expect(reader.entry('y').offset % 8).toBe(0);
    expect(await reader.readElements('y')).toEqual(Float32Array.of(0.1, -1e30));
    expect(await reader.readElements('z')).toEqual(Float32Array.of(1, 2, 3));
  });

  test('two tensors of one name and values that do not fill their shape are errors of the caller', async () => {
    const tensor = { name: 'a', dtype: 'F32', shape: [2], values: () => Float32Array.of(1) } as const;
    await expect(encodeSafetensors([tensor, tensor])).rejects.toThrow('tensor a is to be written twice');
    await expect(encodeSafetensors([tensor])).rejects.toThrow('tensor a has 1 elements, its shape 2');
  });

  test('any tensors come back as they went in', async () => {
    const tensor = fc.record({
      dtype: fc.constantFrom<Dtype>('F32', 'F16', 'BF16'),
      values: fc.array(fc.integer({ min: -128, max: 128 }), { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ maxLength: 8 }), tensor, { maxKeys: 6 }),
        async (tensors) => {
          const entries = Object.entries(tensors).filter(([name]) => name !== '__metadata__');
          const bytes = await encodeSafetensors(
            entries.map(([name, { dtype, values }]) => ({
              name,
              dtype,
              shape: [values.length],
              values: () => Float32Array.from(values),
            })),
          );
          const reader = await parseSafetensors(bytes, 'x');
          for (const [name, { dtype, values }] of entries) {
            const { offset, length } = reader.entry(name);
            expect(Buffer.from(bytes.subarray(offset, offset + length))).toEqual(bytesOf(dtype, values));
            expect([...(await reader.readElements(name))]).toEqual(values.map((value) => value + 0));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a header that lies', () => {
  const entry = (dtype: unknown, shape: unknown, offsets: unknown): object => ({
    dtype,
    shape,
    data_offsets: offsets,
  });
  const json = (tensors: object, bytes = 8): Buffer =>
    withHeader(JSON.stringify(tensors), new Uint8Array(bytes));
  const length = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(16, ' ');
    bytes.writeBigUInt64LE(value);
    return bytes;
  };

  test.each<[string, Buffer, RegExp]>([
    ['no bytes at all', Buffer.alloc(0), /header: the file has only 0 bytes/],
    ['a length cut short', Buffer.alloc(7), /header: the file has only 7 bytes/],
    ['a header past the end', length(9n), /header: says it has 9 bytes, the file has 16/],
    ['an absurd header', length(0xffff_ffff_ffff_ffffn), /header: says it has 18446744073709551615 bytes/],
    ['no JSON', withHeader('{', Buffer.alloc(0)), /header: is not JSON/],
    ['a list', withHeader('[]', Buffer.alloc(0)), /header: is not a JSON object/],
    [
      'bytes that are not UTF-8',
      withHeader(Buffer.of(0x7b, 0xff, 0x7d), Buffer.alloc(0)),
      /header: is not UTF-8/,
    ],
    ['deep nesting', withHeader(`{"a":${'['.repeat(200_000)}`, Buffer.alloc(0)), /header: is not JSON/],
    ['metadata that are no text', json({ __metadata__: { a: 1 } }, 0), /__metadata__\.a: is not a string/],
    ['a tensor without description', json({ a: 3 }), /a: has no description/],
    ['an unknown dtype', json({ a: entry('F3', [2], [0, 8]) }), /a: has an unknown dtype F3/],
    ['no dtype', json({ a: entry(null, [2], [0, 8]) }), /a: has an unknown dtype null/],
    ['a negative size', json({ a: entry('F32', [-2], [0, 8]) }), /a: has a shape that is not/],
    ['a size that is no integer', json({ a: entry('F32', [1.5], [0, 8]) }), /a: has a shape that is not/],
    ['an absurd size', json({ a: entry('F32', [2 ** 52, 2 ** 52], [0, 8]) }), /a: F32 of shape .* takes/],
    [
      'too many dimensions',
      json({ a: entry('F32', Array(9).fill(1), [0, 4]) }, 4),
      /a: has a shape that is not/,
    ],
    ['offsets that are not two', json({ a: entry('F32', [2], [0]) }), /a: has data_offsets that are not/],
    ['offsets in reverse', json({ a: entry('F32', [2], [8, 0]) }), /takes 8 bytes, data_offsets give -8/],
    ['a shape of other bytes', json({ a: entry('F32', [3], [0, 8]) }), /takes 12 bytes, data_offsets give 8/],
    ['a tensor past the end', json({ a: entry('F32', [4], [0, 16]) }), /a: ends at byte \d+, the file has/],
    [
      'offsets past the end',
      json({ a: entry('F32', [2], [2 ** 50, 2 ** 50 + 8]) }),
      /a: leaves \d+ bytes unclaimed/,
    ],
    [
      'tensors that overlap',
      json({ a: entry('F32', [1], [0, 4]), b: entry('F32', [1], [2, 6]), c: entry('F16', [1], [6, 8]) }),
      /b: overlaps a/,
    ],
    [
      'the same bytes twice',
      json({ a: entry('F32', [2], [0, 8]), b: entry('F32', [2], [0, 8]) }),
      /b: overlaps a/,
    ],
    ['a hole', json({ a: entry('F32', [1], [4, 8]) }), /a: leaves 4 bytes unclaimed after the header/],
    ['a tail', json({ a: entry('F32', [1], [0, 4]) }), /has 4 bytes that belong to no tensor/],
    [
      'a name that stands twice',
      withHeader('{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"\\u0061":{}}', Buffer.alloc(2)),
      /a: stands twice/,
    ],
  ])('%s', async (_name, bytes, message) => {
    const failure = parseSafetensors(bytes, 'bad.safetensors');
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(/^bad\.safetensors: /);
  });

  test('a header of gigabytes is refused before it is read', async () => {
    const file = path.join(temporaryFolder(), 'sparse.safetensors');
    const { truncateSync } = await import('node:fs');
    writeFileSync(file, length(2n ** 31n));
    truncateSync(file, 2 ** 33);
    await expect(openSafetensors(file)).rejects.toThrow(/header: has 2147483648 bytes, more than/);
  });

  test('what is not a file is said to be none', async () => {
    const folder = temporaryFolder();
    await expect(openSafetensors(folder)).rejects.toThrow(/is a folder, not a regular file/);
    await expect(openSafetensors(path.join(folder, 'no'))).rejects.toThrow(/cannot be read\. Check the path/);
  });
});
