/** Load: requests over a bounded number of kept connections, with the time of each. */
import { Pool, type Dispatcher } from 'undici';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Sent {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
}

export class Load {
  readonly #pool: Pool;
  readonly #headers: Record<string, string>;
  /** Requests so far. */
  sent = 0;

  constructor(origin: string, key: string, connections: number) {
    const limits = { headersTimeout: 30_000, bodyTimeout: 30_000 };
    this.#pool = new Pool(origin, { connections, pipelining: 1, ...limits });
    this.#headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  }

  /** Through `dispatch`, without a stream for each body: the load generator shares the cores with the server. */
  async send({ path, method = 'GET', body }: Sent): Promise<Answer> {
    this.sent += 1;
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let status = 0;
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart() {},
        onResponseStart(_, statusCode) {
          status = statusCode;
        },
        onResponseData(_, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          const [only, ...others] = chunks;
          const bytes = only && others.length === 0 ? only : Buffer.concat(chunks);
          resolve({ status, text: bytes.toString() });
        },
        onResponseError(_, error) {
          reject(error);
        },
      };
      const options = { path, method, headers: this.#headers, ...(body === undefined ? {} : { body }) };
      this.#pool.dispatch(options, handler);
    });
  }

  /**
   * Sends until the time is over, one request at a time on each of `workers` lanes.
   *
   * @returns milliseconds of each request, and how long it all took
   */
  async run(workers: number, milliseconds: number, next: (index: number) => Sent) {
    const times: number[] = [];
    const begun = performance.now();
    let index = 0;
    const lane = async () => {
      while (performance.now() - begun < milliseconds) {
        const sent = performance.now();
        const { status, text } = await this.send(next(index++));
        if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
        times.push(performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: workers }, lane));
    return { times, seconds: (performance.now() - begun) / 1000 };
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

/** The smallest value that at least a share of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const round = (value: number) => Math.round(value * 100) / 100;
