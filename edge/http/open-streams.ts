/** Answers of a key that are under way: live events and completions. Counted by this process, from the request to the last byte. */
import { isBytes, type Endpoint } from '../../shared/api/endpoint.ts';
import type { Principal } from './keys.ts';
import { ProblemError } from './problem.ts';

/** After which one of them may have ended. */
const WAIT_SECONDS = 5;

/** Whether an endpoint's answers may go on for long. */
export function mayStream({ response }: Endpoint): boolean {
  if (!response || !isBytes(response)) return false;
  return [response.mediaType, ...(response.otherTypes ?? [])].includes('text/event-stream');
}

export class OpenStreams {
  readonly #open = new Map<string, number>();

  /**
   * Answers, and counts the answer until its body has ended or nobody reads it any more.
   *
   * @throws ProblemError 429 where the key has as many as it may
   */
  async run({ keyId, quotas }: Principal, answer: () => Promise<Response>): Promise<Response> {
    const most = quotas.openStreams;
    if (most === null) return await answer();
    const open = this.#open.get(keyId) ?? 0;
    if (open >= most) {
      throw new ProblemError(
        'too-many-requests',
        `This key may have ${most} events and completions under way at once (openStreams): end one, or wait`,
        { headers: { 'retry-after': String(WAIT_SECONDS) } },
      );
    }
    this.#open.set(keyId, open + 1);
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#open.get(keyId) ?? 1) - 1;
      if (left === 0) this.#open.delete(keyId);
      else this.#open.set(keyId, left);
    };
    try {
      const response = await answer();
      if (response.body) return new Response(untilEnd(response.body, end), response);
      end();
      return response;
    } catch (error) {
      end();
      throw error;
    }
  }
}

/** The same bytes; `end` is called when they have ended, failed or are not wanted any more. */
function untilEnd(body: ReadableStream<Uint8Array>, end: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        end();
        controller.close();
      } catch (error) {
        end();
        throw error;
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
}
