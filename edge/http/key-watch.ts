/** Long answers ask again whether their key may still have them: one that is revoked, rotated or past its time loses them within seconds. */
import type { KnownKeys } from '../store/known-keys.ts';
import { BOOTSTRAP_KEY_ID, type Principal } from './keys.ts';
import type { Sessions } from './sessions.ts';

/** Whether the key that an answer began with, and the session that stood for it, are still good; cheap enough to ask for every piece of the answer. */
export type IsGood = () => Promise<boolean>;

export async function watchKey(
  keys: KnownKeys,
  sessions: Sessions,
  { keyId, sessionId }: Principal,
): Promise<IsGood> {
  const isKeyGood = await watchSecret(keys, keyId);
  if (sessionId === undefined) return isKeyGood;
  const isThere = sessions.watch(sessionId);
  return async () => (await isKeyGood()) && (await isThere());
}

async function watchSecret(keys: KnownKeys, keyId: string): Promise<IsGood> {
  // The environment's key changes with a new start alone, which ends every answer.
  if (keyId === BOOTSTRAP_KEY_ID) return async () => true;
  const secret = (await keys.find(keyId))?.secretSha256;
  return async () => {
    const key = await keys.find(keyId);
    return key !== undefined && keys.isLive(key) && key.secretSha256 === secret;
  };
}

/** The same bytes, as long as the key is good: then the answer breaks off and its source is let go. */
export function whileGood(body: ReadableStream<Uint8Array>, isGood: IsGood): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        return;
      }
      if (await isGood()) {
        controller.enqueue(value);
        return;
      }
      controller.error(new Error('the key of this answer is revoked'));
      await reader.cancel();
    },
    async cancel(reason) {
      await reader.cancel(reason);
    },
  });
}
