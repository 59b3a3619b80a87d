/** Stands between runner and edge, passes everything on unchanged, and tells of every point at which to strike. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

export const PHASES = ['asked', 'half-sent', 'answered', 'passed-on'] as const;
/**
 * asked: the edge has seen nothing; half-sent: it has half of the body; answered: it has acted, and the runner does
 * not know; passed-on: the runner has the answer.
 */
export type Phase = (typeof PHASES)[number];

export type Operation =
  'claim' | 'heartbeat' | 'checkpoint' | 'complete' | 'put-checkpoint' | 'put-output' | 'get-artifact';

export interface Point {
  readonly operation: Operation;
  readonly phase: Phase;
  /** Of the edge's answer; undefined before there is one. */
  readonly status: number | undefined;
  /** When the runner asked, in milliseconds of `performance.now()`. */
  readonly askedAt: number;
}

/** Called at every point; the traffic waits until it returns. */
type OnPoint = (point: Point) => Promise<void>;

function operationOf({ method = '', url = '' }: IncomingMessage): Operation | undefined {
  const [path = '', query = ''] = url.split('?', 2);
  if (path === '/v1/tasks/claim') return 'claim';
  if (path.startsWith('/v1/artifacts/')) {
    if (method === 'GET') return 'get-artifact';
    return /(^|&)kind=checkpoint(&|$)/.test(query) ? 'put-checkpoint' : 'put-output';
  }
  const [, action] = /^\/v1\/tasks\/[^/]+\/(heartbeat|checkpoint|complete)$/.exec(path) ?? [];
  return action as Operation | undefined;
}

export class Proxy {
  readonly #server: Server;
  readonly #edgePort: number;
  readonly #onPoint: OnPoint;

  constructor(edgePort: number, onPoint: OnPoint) {
    this.#edgePort = edgePort;
    this.#onPoint = onPoint;
    this.#server = createServer((asked, answer) => {
      // A victim's connection ends in the middle: for the other side that is a broken connection, as it is.
      this.#pass(asked, answer).catch(() => answer.destroy());
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const operation = operationOf(asked);
    const askedAt = performance.now();
    const at = async (phase: Phase, status?: number) => {
      if (operation) await this.#onPoint({ operation, phase, status, askedAt });
    };
    const body = await readAll(asked);
    await at('asked');
    const { method, url, headers } = asked;
    const forward = request({ host: '127.0.0.1', port: this.#edgePort, method, path: url, headers });
    const answered = once(forward, 'response') as Promise<[IncomingMessage]>;
    // Awaited below, after the halves are sent; a failure until then is no unhandled one.
    answered.catch(() => {});
    const half = Math.floor(body.length / 2);
    if (half > 0) {
      await new Promise((resolve) => forward.write(body.subarray(0, half), resolve));
      await at('half-sent');
    }
    forward.end(body.subarray(half));
    const [reply] = await answered;
    const replyBody = await readAll(reply);
    await at('answered', reply.statusCode);
    answer.writeHead(reply.statusCode ?? 502, withoutHopHeaders(reply));
    answer.end(replyBody);
    await once(answer, 'close');
    await at('passed-on', reply.statusCode);
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The body is passed on whole, so its length is known. */
function withoutHopHeaders({ headers }: IncomingMessage) {
  const { connection: _, 'transfer-encoding': __, ...kept } = headers;
  return kept;
}
