/**
 * A launcher that asks another system by a signed POST.
 *
 * Signature: `x-rlcd-signature: v1=<hex of HMAC-SHA-256(secret, timestamp + "." + body)>`, with the timestamp (whole
 * seconds) in `x-rlcd-timestamp`. The receiver refuses an old timestamp and a `launchId` it has seen, so that a
 * recorded request cannot be played again.
 */
import type { Launcher, Send } from './launcher.ts';
import { withTimeLimit } from '../../../shared/with-time-limit.ts';
import { messageOf } from '../../../shared/caught.ts';

const TIMEOUT_MILLISECONDS = 10_000;

interface Webhook {
  readonly url: string;
  readonly secret: string;
  readonly send?: Send;
}

async function signWebhook(secret: string, timestamp: string, body: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, encoder.encode(`${timestamp}.${body}`));
  const hex = Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, '0'));
  return `v1=${hex.join('')}`;
}

export function createWebhookLauncher({ url, secret, send = fetch }: Webhook): Launcher {
  return {
    name: 'webhook',
    async launch(request) {
      const body = JSON.stringify(request);
      const timestamp = String(Math.floor(request.time / 1000));
      try {
        const signature = await signWebhook(secret, timestamp, body);
        const response = await withTimeLimit(undefined, TIMEOUT_MILLISECONDS, (signal) =>
          send(
            new Request(url, {
              method: 'POST',
              body,
              headers: {
                'content-type': 'application/json',
                'x-rlcd-timestamp': timestamp,
                'x-rlcd-signature': signature,
              },
              redirect: 'manual',
              signal,
            }),
          ),
        );
        await response.body?.cancel();
        if (response.ok) return { outcome: 'launched', reason: `answered ${response.status}` };
        const outcome = response.status === 409 || response.status === 429 ? 'refused' : 'failed';
        return { outcome, reason: `answered ${response.status}` };
      } catch (error) {
        return { outcome: 'failed', reason: messageOf(error) };
      }
    },
  };
}
