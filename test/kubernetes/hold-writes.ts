/** Writes that do not come to their end: they hold every place that the API server has for writes. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { WRITES_AT_ONCE, type Cluster } from './cluster.ts';

/** @returns ends them, and resolves when the server has answered each */
export function holdWrites(cluster: Cluster, place: string, token: string): () => Promise<void> {
  const body = JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'slow' } });
  const slow = Array.from({ length: WRITES_AT_ONCE }, () =>
    request(`${cluster.url}${place}`, {
      method: 'POST',
      ca: readFileSync(cluster.authorityFile),
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': body.length,
      },
    }),
  );
  const answered = slow.map(
    async (one) =>
      await new Promise<void>((resolve) => {
        one.once('response', (answer) => {
          answer.resume();
          answer.once('end', resolve);
        });
      }),
  );
  for (const one of slow) one.write(body.slice(0, 10));
  return async () => {
    for (const one of slow) one.end(body.slice(10));
    await Promise.all(answered);
  };
}
