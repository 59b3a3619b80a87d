/** Server-sent events are read the same however the network cuts them. */
import { expect, it } from 'vitest';
import { assert, asyncProperty, integer, uniqueArray } from 'fast-check';
import { parseEvents, type ServerEvent } from '../../../edge/dashboard/app/parse-events.ts';

function streamOf(parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}

async function read(parts: readonly Uint8Array[]): Promise<ServerEvent[]> {
  return await Array.fromAsync(parseEvents(streamOf(parts)));
}

const TEXT =
  'retry: 1000\n\n: comment\n\nid: 7\nevent: task-reported\ndata: {"a":\ndata:"é😀"}\n\r\nid: 8\r\ndata: x\r\n\r\ndata: cut off';
const EVENTS = [
  { id: '7', kind: 'task-reported', data: '{"a":\n"é😀"}' },
  { id: '8', kind: 'message', data: 'x' },
];

it('reads events at every cut, also inside a character or a line end, and none that is incomplete', async () => {
  const whole = new TextEncoder().encode(TEXT);
  expect(await read([whole])).toEqual(EVENTS);
  await assert(
    asyncProperty(uniqueArray(integer({ min: 1, max: whole.length - 1 })), async (cuts) => {
      const ends = [...cuts.toSorted((a, b) => a - b), whole.length];
      const parts = ends.map((end, index) => whole.slice(ends[index - 1] ?? 0, end));
      expect(await read(parts)).toEqual(EVENTS);
    }),
  );
});

it('tells of every sign of life, comments included', async () => {
  let signs = 0;
  const parts = [': nothing new\n\n', 'data: x\n\n'].map((text) => new TextEncoder().encode(text));
  await Array.fromAsync(parseEvents(streamOf(parts), () => signs++));
  expect(signs).toBe(2);
});
