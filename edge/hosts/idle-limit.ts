/**
 * How long a request may take to arrive: as long as it moves. Node ends every request after five minutes, which cuts off
 * an upload over a slow line and lets who sends a byte a minute stay for so long.
 */
import type { Server } from 'node:http';

const IDLE_MILLISECONDS = 60_000;

/** @param milliseconds without a byte of a request's body, after which its connection is cut */
export function limitIdle(server: Server, milliseconds: number = IDLE_MILLISECONDS): void {
  // Of the headers Node's own minute stays, whatever trickles in.
  server.requestTimeout = 0;
  server.on('request', (request, response) => {
    const { socket, headers } = request;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
    socket.setTimeout(milliseconds);
    request.once('end', () => {
      // The answer may take its time. Behind it Node's limit of an idle connection counts already.
      if (!response.writableFinished) socket.setTimeout(0);
    });
  });
}
