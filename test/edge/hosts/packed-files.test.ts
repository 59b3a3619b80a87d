/** Files leave packed, each packed once; nothing else is touched. */
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createPacking } from '../../../edge/hosts/packed-files.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';

const packedRequest = (path: string, headers: Record<string, string> = {}) =>
  new Request(`http://edge.test${path}`, { headers: { 'accept-encoding': 'gzip, br', ...headers } });

async function unpack(response: Response): Promise<string> {
  return gunzipSync(new Uint8Array(await response.arrayBuffer())).toString();
}

it('packs the reference once, and answers 304 to who has it', async () => {
  const harness = await createHarness(async () => openNodeStore(createFolder()));
  const pack = createPacking();
  const read = async (path: string, headers?: Record<string, string>) =>
    await pack(packedRequest(path, headers), () => harness.fetch(path, { headers: headers ?? {} }));
  for (const path of ['/reference', '/openapi.json', '/reference.css', '/reference.js']) {
    const plain = await harness.fetch(path);
    const first = await read(path);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toBe(plain.headers.get('etag'));
    expect(first.headers.get('content-encoding')).toBe('gzip');
    expect(first.headers.get('vary')).toBe('accept-encoding');
    const text = await plain.text();
    expect(Number(first.headers.get('content-length'))).toBeLessThan(Math.max(text.length / 4, 700));
    expect(await unpack(first)).toBe(text);
    const known = await read(path, { 'if-none-match': etag });
    expect([known.status, known.body]).toEqual([304, null]);
  }
});

it('packs a file again only where it has changed', async () => {
  const pack = createPacking();
  let read = 0;
  const answer = (etag: string) => () =>
    new Response(
      new ReadableStream(
        {
          pull(controller) {
            read += 1;
            controller.enqueue(new TextEncoder().encode(etag));
            controller.close();
          },
        },
        { highWaterMark: 0 },
      ),
      { headers: { etag } },
    );
  const ask = async (etag: string) => await unpack(await pack(packedRequest('/reference'), answer(etag)));
  expect([await ask('"1"'), await ask('"1"'), await ask('"1"'), await ask('"2"')]).toEqual([
    '"1"',
    '"1"',
    '"1"',
    '"2"',
  ]);
  expect(read).toBe(2);
});

it('leaves everything else as it is', async () => {
  const pack = createPacking();
  const answer = new Response('x');
  expect(await pack(packedRequest('/v1/principles'), () => answer)).toBe(answer);
  for (const accepted of ['', 'gzip;q=0', 'gzip; q=0.0, br']) {
    const request = packedRequest('/reference', { 'accept-encoding': accepted });
    const response = await pack(request, () => new Response('x'));
    expect([response.headers.get('content-encoding'), await response.text()]).toEqual([null, 'x']);
  }
  const missing = await pack(packedRequest('/assets/none.js'), () => new Response('no', { status: 404 }));
  expect([missing.status, await missing.text()]).toEqual([404, 'no']);
});
