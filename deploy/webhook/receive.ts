/**
 * The other side of the edge's signed webhook: lets a launch pass once, and hands it to a provider.
 *
 * The edge signs `timestamp + "." + body` by HMAC-SHA-256 (edge/orchestration/launch/webhook.ts). What is older than
 * five minutes, or was seen in them, is refused: a request that somebody recorded starts nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { UserError } from '../../shared/user-error.ts';
import { messageOf } from '../../shared/caught.ts';

const TOLERANCE_MILLISECONDS = 5 * 60_000;
const MAXIMUM_BYTES = 10_000;

const launchSchema = z.object({
  launchId: z.uuid(),
  queuedTasks: z.int().nonnegative(),
  liveRunners: z.int().nonnegative(),
  maximumRunners: z.int().positive(),
});
export type Launch = z.infer<typeof launchSchema>;

/** Starts one runner that gets RLCD_LAUNCH_ID. @returns what it is called there */
export type StartRunner = (launch: Launch) => Promise<string>;

interface ReceiverOptions {
  /** RLCD_LAUNCH_SECRET of the edge. */
  readonly secret: string;
  readonly startRunner: StartRunner;
  readonly log: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** The provider does not want to now: no capacity, or too many requests. The edge backs off. */
export class ProviderBusyError extends UserError {
  override readonly name = 'ProviderBusyError';
  override readonly code = 'provider-busy';
  override readonly retryable = true;
}

function isSigned(secret: string, timestamp: string, body: string, signature: string): boolean {
  const expected = Buffer.from(
    `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
  );
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Reads no more than a launch has: who knows no secret costs nothing. @returns undefined where there is more */
async function readBody({ headers, body }: Request): Promise<string | undefined> {
  if (Number(headers.get('content-length') ?? 0) > MAXIMUM_BYTES) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAXIMUM_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Answers 202 when a runner was started, 413, 401, 400, 409 for a repetition, 429 where the provider is busy, else 502. */
export function createReceiver({ secret, startRunner, log, clock = Date.now }: ReceiverOptions) {
  /** Launch -> when it may be forgotten. */
  const seen = new Map<string, number>();

  return async (request: Request): Promise<Response> => {
    const answer = (status: number, text: string) => new Response(`${text}\n`, { status });
    if (request.method !== 'POST') return answer(405, 'POST a launch');
    const body = await readBody(request);
    if (body === undefined) return answer(413, `a launch has at most ${MAXIMUM_BYTES} bytes`);
    const timestamp = request.headers.get('x-rlcd-timestamp') ?? '';
    const signature = request.headers.get('x-rlcd-signature') ?? '';
    const now = clock();
    if (!isSigned(secret, timestamp, body, signature)) {
      return answer(401, 'the signature is not of this body and secret');
    }
    if (!(Math.abs(now - Number(timestamp) * 1000) <= TOLERANCE_MILLISECONDS)) {
      return answer(401, 'the timestamp is more than five minutes away: set the clocks');
    }
    const parsed = launchSchema.safeParse(JSON.parse(body));
    if (!parsed.success) return answer(400, z.prettifyError(parsed.error));
    const { launchId } = parsed.data;
    for (const [id, until] of seen) if (until < now) seen.delete(id);
    if (seen.has(launchId)) return answer(409, 'this launch was asked for before');
    seen.set(launchId, now + 2 * TOLERANCE_MILLISECONDS);
    try {
      const name = await startRunner(parsed.data);
      log(`${launchId}: started ${name}`);
      return answer(202, name);
    } catch (error) {
      const message = messageOf(error);
      log(`${launchId}: ${message}`);
      return answer(error instanceof ProviderBusyError ? 429 : 502, 'the provider started nothing');
    }
  };
}
