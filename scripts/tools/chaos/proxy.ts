/**
 * Stands between a runner and the edge and tells of every point at which something may go wrong. Unless it is told
 * otherwise there it passes everything on unchanged.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { readClaim, readRequest, type Named, type Operation } from './traffic.ts';

export type { Operation };

const PHASES = ['asked', 'half-sent', 'answered', 'passed-on'] as const;
/**
 * asked: the edge has seen nothing; half-sent: it has half of the body; answered: it has acted, and the runner does
 * not know; passed-on: the runner has the answer.
 */
export type Phase = (typeof PHASES)[number];

export interface Point extends Named {
  readonly phase: Phase;
  /** Of the edge's answer; undefined before there is one. */
  readonly status: number | undefined;
  /** When the runner asked, in milliseconds of `performance.now()`. */
  readonly askedAt: number;
  /** What an answered claim has given. */
  readonly lease: { readonly id: string; readonly epoch: number } | null;
  /** Sends the edge the same request once more. @returns the status of its answer */
  again(): Promise<number | undefined>;
}

/** Thrown at a point: the connection breaks there. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Called at every point; the traffic waits until it returns. */
type OnPoint = (point: Point) => Promise<void>;

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

  /** @returns the port, which the system chooses where none is given */
  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const askedAt = performance.now();
    const body = await readAll(asked);
    const named = readRequest(asked.method ?? '', asked.url ?? '', body);
    let reply: Reply | undefined;
    const again = async () => (await this.#send(asked, body)).status;
    const at = async (phase: Phase) => {
      if (!named) return;
      const lease = named.operation === 'claim' && reply?.status === 200 ? readClaim(reply.body) : null;
      await this.#onPoint({ ...named, phase, status: reply?.status, askedAt, lease, again });
    };
    await at('asked');
    reply = await this.#send(asked, body, async () => await at('half-sent'));
    await at('answered');
    answer.writeHead(reply.status ?? 502, reply.headers);
    answer.end(reply.body);
    await once(answer, 'close');
    await at('passed-on');
  }

  /** @param onHalf called when half of the body is sent */
  async #send(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
    onHalf?: () => Promise<void>,
  ): Promise<Reply> {
    const forward = request({ host: '127.0.0.1', port: this.#edgePort, method, path: url, headers });
    const answered = once(forward, 'response') as Promise<[IncomingMessage]>;
    // Awaited below, after the halves are sent; a failure until then is no unhandled one.
    answered.catch(() => {});
    try {
      const half = onHalf ? Math.floor(body.length / 2) : 0;
      if (half > 0) {
        await new Promise((resolve) => forward.write(body.subarray(0, half), resolve));
        await onHalf?.();
      }
      forward.end(body.subarray(half));
      const [reply] = await answered;
      return {
        status: reply.statusCode,
        headers: withoutHopHeaders(reply),
        body: await readAll(reply),
      };
    } catch (error) {
      forward.destroy();
      throw error;
    }
  }
}

interface Reply {
  readonly status: number | undefined;
  readonly headers: Omit<IncomingMessage['headers'], 'connection' | 'transfer-encoding'>;
  readonly body: Buffer;
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
