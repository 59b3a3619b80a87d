/** What a request between runner and edge is about: read from its address, and from bodies that are JSON. */
import { z } from 'zod';

export type Operation =
  | 'claim'
  | 'heartbeat'
  | 'checkpoint'
  | 'complete'
  | 'fail'
  | 'put-checkpoint'
  | 'put-output'
  | 'get-artifact';

/** What a request names. */
export interface Named {
  readonly operation: Operation;
  readonly taskId: string | undefined;
  /** Of the lease under which it writes; undefined for what only reads. */
  readonly epoch: number | undefined;
  /** Of the artifact whose bytes travel. */
  readonly sha256: string | undefined;
}

const holder = z.object({ epoch: z.number() });
const claimed = z.object({ task: z.object({ id: z.string(), epoch: z.number() }).nullable() });

/** @returns undefined for what is no traffic of a task */
export function readRequest(method: string, url: string, body: Uint8Array): Named | undefined {
  const { pathname, searchParams } = new URL(url, 'http://edge');
  const nothing = { taskId: undefined, epoch: undefined, sha256: undefined };
  if (pathname === '/v1/tasks/claim') return { ...nothing, operation: 'claim' };
  const [, sha256] = /^\/v1\/artifacts\/([0-9a-f]{64})$/.exec(pathname) ?? [];
  if (sha256 !== undefined) {
    const taskId = searchParams.get('taskId') ?? undefined;
    if (method === 'GET') return { operation: 'get-artifact', taskId, epoch: undefined, sha256 };
    const operation = searchParams.get('kind') === 'checkpoint' ? 'put-checkpoint' : 'put-output';
    return { operation, taskId, epoch: Number(searchParams.get('epoch')), sha256 };
  }
  const [, taskId, action] =
    /^\/v1\/tasks\/([^/]+)\/(heartbeat|checkpoint|complete|fail)$/.exec(pathname) ?? [];
  if (taskId === undefined) return undefined;
  const { epoch } = holder.parse(parse(body));
  return { ...nothing, operation: action as Operation, taskId, epoch };
}

/** The lease that a claim was answered with. */
export function readClaim(body: Uint8Array): { readonly id: string; readonly epoch: number } | null {
  return claimed.parse(parse(body)).task;
}

function parse(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString('utf8'));
}
