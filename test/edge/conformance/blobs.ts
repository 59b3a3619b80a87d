/** Conformance of the blob store: whole bytes, parts of them, and names that are not there. */
import { expect, it } from 'vitest';
import { chunksOf } from '../../../edge/store/blobs.ts';
import type { Harness } from '../harness.ts';

export function blobsConformance(start: () => Promise<Harness>): void {
  it('keeps bytes, gives parts of them, replaces and deletes', async () => {
    const { blobs } = await start();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
    const read = async (offset?: number, length?: number) => {
      const range = offset === undefined || length === undefined ? undefined : { offset, length };
      const stream = await blobs.get('artifacts/aa', range);
      return stream && new Uint8Array(await new Response(stream).arrayBuffer());
    };
    expect([await read(), await blobs.size('artifacts/aa')]).toEqual([undefined, undefined]);
    await blobs.put('artifacts/aa', chunksOf(new Blob([bytes]).stream()));
    const refused = blobs.put('artifacts/aa', chunksOf(new Blob(['other']).stream()), () => {
      throw new Error('not these');
    });
    await expect(refused).rejects.toThrow('not these');
    expect(await read()).toEqual(bytes);
    expect(await read(65_530, 20)).toEqual(bytes.slice(65_530, 65_550));
    await blobs.put('artifacts/aa', bytes.slice(0, 10));
    expect(await blobs.size('artifacts/aa')).toBe(10);
    await blobs.delete('artifacts/aa');
    await blobs.delete('artifacts/aa');
    expect(await read()).toBeUndefined();
  });
}
