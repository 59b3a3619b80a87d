/**
 * Compresses what the Node host serves as files, as Cloudflare does for the Worker: the dashboard's files and the
 * reference. Each is packed once and kept, so that asking again costs no more than sending it.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const pack = promisify(gzip);

/** What is a file: there are few, and none depends on who asks. */
const FILES = /^\/(assets\/[^/]+|openapi\.json|reference|reference\.(css|js))$/;

interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the file as it is. */
  readonly etag: string | null;
}

type Answer = () => Response | Promise<Response>;

function takesPacked({ headers }: Request): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(headers.get('accept-encoding') ?? '');
}

/** @returns answers a request by what `answer` gives, packed where it is a file and the client takes it so */
export function createPacking(): (request: Request, answer: Answer) => Promise<Response> | Response {
  const kept = new Map<string, Promise<Packed>>();

  /** Of the answer: its bytes are read where they are not known. */
  async function packedOf(file: string, response: Response): Promise<Packed> {
    const etag = response.headers.get('etag');
    const known = await kept.get(file);
    if (known?.etag === etag) {
      await response.body?.cancel();
      return known;
    }
    const packing = response
      .arrayBuffer()
      .then(async (bytes) => ({ bytes: new Uint8Array(await pack(bytes)), etag }));
    // What failed is not kept; who asked is told.
    packing.catch(() => kept.delete(file));
    kept.set(file, packing);
    return await packing;
  }

  return (request, answer) => {
    const file = FILES.exec(request.url.replace(/^\w+:\/\/[^/]+|[?#].*$/g, ''))?.[0];
    if (file === undefined || request.method !== 'GET') return answer();
    return Promise.resolve(answer()).then(async (response) => {
      const { status, headers } = response;
      headers.append('vary', 'accept-encoding');
      if (status !== 200 || !takesPacked(request)) return response;
      const { bytes } = await packedOf(file, response);
      headers.set('content-encoding', 'gzip');
      headers.set('content-length', String(bytes.byteLength));
      return new Response(bytes, { status, headers });
    });
  };
}
