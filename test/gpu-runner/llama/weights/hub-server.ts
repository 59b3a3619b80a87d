/** A hub on this machine: its listing, its files with ranges, and the faults that a test asks for. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

export const COMMIT = 'c0ffee'.padEnd(40, '0');

/** Answers a request in its own way; false leaves it to the hub. */
export type Fault = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean;

export interface Hub {
  readonly endpoint: string;
  /** Model id to the folder of its files. */
  readonly folders: Map<string, string>;
  /** File name to its fault. */
  readonly faults: Map<string, Fault>;
  /** `url authorization range` of every request. */
  readonly requests: { readonly url: string; readonly authorization: string; readonly range: string }[];
  readonly close: () => Promise<void>;
}

function sibling(folder: string, rfilename: string): Record<string, unknown> {
  const bytes = readFileSync(path.join(folder, rfilename));
  const size = bytes.length;
  const blobId = createHash('sha1').update(`blob ${size}\0`).update(bytes).digest('hex');
  if (!/safetensors$|gguf$/.test(rfilename)) return { rfilename, size, blobId };
  return { rfilename, size, blobId, lfs: { sha256: createHash('sha256').update(bytes).digest('hex'), size } };
}

/** A file or a part of it. */
export function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const from = Number(/^bytes=(?<from>\d+)-$/.exec(request.headers.range ?? '')?.groups?.['from'] ?? 0);
  const rest = bytes.subarray(from);
  const range = from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, ...range }).end(rest);
}

export async function startHub(): Promise<Hub> {
  const folders: Hub['folders'] = new Map();
  const faults: Hub['faults'] = new Map();
  const requests: Hub['requests'] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const { authorization = '', range = '' } = request.headers;
    requests.push({ url, authorization, range });
    const listed = /^\/api\/models\/(?<model>.+)\/revision\/(?<revision>[^?]+)\?blobs=true$/.exec(
      url,
    )?.groups;
    if (listed !== undefined) {
      const folder = folders.get(listed['model'] ?? '');
      const fault = faults.get('listing');
      if (fault?.(request, response, Buffer.alloc(0)) === true) return;
      if (folder === undefined) response.writeHead(404).end();
      else {
        const siblings = readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => sibling(folder, path.relative(folder, path.join(entry.parentPath, entry.name))));
        response.writeHead(200).end(JSON.stringify({ sha: COMMIT, siblings }));
      }
      return;
    }
    const asked = /^\/(?<model>.+)\/resolve\/(?<revision>\w+)\/(?<name>.+)$/.exec(url)?.groups;
    const name = decodeURIComponent(asked?.['name'] ?? '');
    const file = path.join(folders.get(asked?.['model'] ?? '') ?? '/nowhere', name);
    if (asked?.['revision'] !== COMMIT || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const bytes = readFileSync(file);
    if (faults.get(name)?.(request, response, bytes) !== true) send(request, response, bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { endpoint: `http://127.0.0.1:${port}`, folders, faults, requests, close };
}
