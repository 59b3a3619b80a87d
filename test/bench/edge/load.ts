/** Load: requests over a bounded number of kept connections, with the time of each. */
import { Pool } from 'undici';

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

  constructor(origin: string, key: string, connections: number) {
    this.#pool = new Pool(origin, { connections, pipelining: 1 });
    this.#headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  }

  async send({ path, method = 'GET', body }: Sent): Promise<Answer> {
    const answer = await this.#pool.request({
      path,
      method,
      headers: this.#headers,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
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
