/** A port is asked for before anything is prepared on it. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ConfigurationError } from '../../shared/read-variables.ts';

/** @throws ConfigurationError where another program listens there; other faults as the system tells them */
export async function requirePort(hostname: string, port: number): Promise<void> {
  const server = createServer().listen(port, hostname);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw portError(hostname, port, cause);
  }
  server.close();
  await once(server, 'close');
}

/** What a fault of listening says to a person. */
export function portError(hostname: string, port: number, cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) return cause;
  return new ConfigurationError(`Another program listens on ${hostname}:${port}: stop it, or set PORT`, {
    cause,
  });
}
