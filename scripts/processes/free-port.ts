/** A port of this machine that nobody listens on. */
import { createServer } from 'node:net';

function listens(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}

/** The wished port where it is free, else one that the system chooses. */
export async function freePort(wished = 0): Promise<number> {
  const port = (await listens(wished)) ?? (await listens(0));
  if (port === undefined) throw new Error('no port of 127.0.0.1 is free: end a program that listens on one');
  return port;
}
