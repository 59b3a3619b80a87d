/** Server-sent events out of a byte stream (WHATWG HTML, section 9.2), for streams that need a header. */

export interface ServerEvent {
  /** Number of the event in the edge's log; undefined before the first. */
  readonly id: string | undefined;
  readonly kind: string;
  readonly data: string;
}

/**
 * Reads events until the stream ends.
 *
 * @param onBytes called for every piece that arrives, comments included: the sign of life
 */
export async function* parseEvents(
  stream: ReadableStream<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = '';
  let id: string | undefined;
  let kind = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      rest += decoder.decode(value, { stream: true });
      // A CR at the very end may be the first half of CRLF: it waits for the next piece.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { id, kind: kind || 'message', data: data.join('\n') };
          kind = '';
          data = [];
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'id' && !text.includes('\0')) id = text;
        else if (field === 'event') kind = text;
        else if (field === 'data') data.push(text);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
