/**
 * A launcher that asks another system by a signed POST.
 *
 * Signature: `x-rlcd-signature: v1=<hex of HMAC-SHA-256(secret, timestamp + "." + body)>`, with the timestamp (whole
 * seconds) in `x-rlcd-timestamp`. The receiver refuses an old timestamp and a `launchId` it has seen, so that a
 * recorded request cannot be played again.
 */
import { createHmac } from 'node:crypto';
import type { Launcher } from './launcher.ts';

const TIMEOUT_MILLISECONDS = 10_000;

export interface Webhook {
  readonly url: string;
  readonly secret: string;
  readonly fetch?: (request: Request) => Promise<Response>;
}

function signWebhook(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

export function createWebhookLauncher({ url, secret, fetch: send = fetch }: Webhook): Launcher {
  return {
    name: 'webhook',
    async launch(request) {
      const body = JSON.stringify(request);
      const timestamp = String(Math.floor(request.time / 1000));
      try {
        const response = await send(
          new Request(url, {
            method: 'POST',
            body,
            headers: {
              'content-type': 'application/json',
              'x-rlcd-timestamp': timestamp,
              'x-rlcd-signature': signWebhook(secret, timestamp, body),
            },
            redirect: 'manual',
            signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
          }),
        );
        await response.body?.cancel();
        if (response.ok) return { outcome: 'launched', reason: `answered ${response.status}` };
        const outcome = response.status === 409 || response.status === 429 ? 'refused' : 'failed';
        return { outcome, reason: `answered ${response.status}` };
      } catch (error) {
        return { outcome: 'failed', reason: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}
