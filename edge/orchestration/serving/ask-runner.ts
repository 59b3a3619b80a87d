/** A client's request, asked of a runner that serves models: signed with what edge and runner alone know, the answer proved. */
import {
  ADAPTER_NEEDED,
  encodeModel,
  hashOf,
  isSame,
  proofOf,
  type RequestedModel,
  SERVING_HEADERS,
  signRequest,
} from '../../../shared/serving.ts';
import { damaged } from '../../domain/errors.ts';
import { openArtifact } from '../../store/artifact-bytes.ts';
import type { Store } from '../../store/database.ts';

/** A runner, and the hash of the key that it speaks with. */
export interface ServingRunner {
  readonly serveUrl: string;
  readonly secretSha256: string;
}

export interface ForwardedRequest {
  /** `/v1/chat/completions` or `/v1/completions`. */
  readonly path: string;
  /** JSON. */
  readonly body: string;
  readonly model: RequestedModel;
}

/** How long a runner may take until its answer begins: a model has to be opened, others may be waited for. */
const BEGIN_MILLISECONDS = 600_000;

/**
 * @param signal of the client's request: who goes away ends the work
 * @returns undefined where the runner cannot be reached, or somebody else answers at its address
 */
export async function askRunner(
  runner: ServingRunner,
  { path, body, model }: ForwardedRequest,
  store: Store,
  clock: () => number,
  signal: AbortSignal,
): Promise<Response | undefined> {
  const send = async () =>
    await signed(
      runner,
      'POST',
      path,
      { body, bodySha256: hashOf(body), model: encodeModel(model) },
      clock,
      signal,
    );
  const answer = await send();
  if (answer?.status !== 428 || model.adapterSha256 === null) return answer;
  const refusal = await answer.text();
  if (!refusal.includes(ADAPTER_NEEDED)) return undefined;
  const bytes = await openArtifact(store, model.adapterSha256);
  if (!bytes) throw damaged(model.adapterSha256);
  // Its hash is its name: the bytes are signed before they are read.
  const given = await signed(
    runner,
    'PUT',
    `/v1/adapters/${model.adapterSha256}`,
    { body: bytes, bodySha256: model.adapterSha256, model: '' },
    clock,
    signal,
  );
  await given?.body?.cancel();
  if (given?.ok !== true) return undefined;
  const again = await send();
  if (again?.status !== 428) return again;
  // It had no room to keep what it was given: another runner is asked.
  await again.body?.cancel();
  return undefined;
}

interface Content {
  readonly body: string | ReadableStream<Uint8Array>;
  readonly bodySha256: string;
  readonly model: string;
}

async function signed(
  { serveUrl, secretSha256 }: ServingRunner,
  method: string,
  path: string,
  { body, bodySha256, model }: Content,
  clock: () => number,
  signal: AbortSignal,
): Promise<Response | undefined> {
  const time = String(clock());
  const signature = signRequest(secretSha256, { method, path, time, model, bodySha256 });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), BEGIN_MILLISECONDS);
  try {
    const answer = await fetch(`${new URL(serveUrl).origin}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        [SERVING_HEADERS.time]: time,
        [SERVING_HEADERS.signature]: signature,
        ...(model === '' ? {} : { [SERVING_HEADERS.model]: model }),
      },
      body,
      // The address is the runner's word: nothing that it points on to is asked.
      redirect: 'manual',
      signal: AbortSignal.any([signal, late.signal]),
      ...(typeof body === 'string' ? {} : { duplex: 'half' as const }),
    });
    if (isSame(proofOf(secretSha256, signature), answer.headers.get(SERVING_HEADERS.proof))) return answer;
    await answer.body?.cancel();
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    // Another runner is asked; the operator's log tells why.
    console.error(`a runner that serves at ${serveUrl} was not reached: ${String(error)}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
