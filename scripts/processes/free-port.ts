/** A port of this machine that nobody listens on. */
import { createServer } from 'node:net';
import { UsageError } from '../../shared/command-line/usage-error.ts';

/** @returns the port, or the code of the system's error: `EADDRINUSE` */
function listens(port: number): Promise<number | string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : 'no address';
      server.close(() => resolve(found));
    });
  });
}

/** The wished port where it is free, else one that the system chooses. */
export async function freePort(wished = 0): Promise<number> {
  let port = await listens(wished);
  if (typeof port === 'string') port = await listens(0);
  if (typeof port === 'string') {
    throw new Error(`no port of 127.0.0.1 is free (${port}): end a program that listens on one`);
  }
  return port;
}

/**
 * The port that `--port` asks for, and no other; without it, any as `freePort` finds it.
 *
 * @throws UsageError where it cannot be listened on
 */
export async function portOf(asked: number | undefined, wished = 0): Promise<number> {
  if (asked === undefined) return await freePort(wished);
  const port = await listens(asked);
  if (typeof port === 'number') return port;
  const fault =
    port === 'EADDRINUSE'
      ? `--port ${asked}: another program listens on 127.0.0.1:${asked}`
      : `--port ${asked} cannot be listened on (${port})`;
  throw new UsageError(fault, {
    cure: 'Stop that program, name another port, or leave --port out for any that is free',
  });
}
