import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { Moved, Rpc, threadPort } from '../../gpu-runner/rpc/rpc.ts';
import { UserError } from '../../shared/user-error.ts';

interface Calls {
  double(number: number): number;
  make(length: number): Uint8Array;
  take(bytes: Uint8Array): number;
  refuse(kind: 'user' | 'fault' | 'word'): void;
  tell(word: string): void;
}

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Two sides of one channel: what the first asks, the second serves. */
function pair(told: (word: string) => void = () => {}): Rpc<Calls, object> {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  void new Rpc<object, Calls>(threadPort(port2), {
    double: async (number) => 2 * number,
    make: (length) => {
      const bytes = new Uint8Array(length).fill(7);
      return new Moved(bytes, [bytes.buffer]);
    },
    take: (bytes) => bytes.length,
    refuse: (kind) => {
      if (kind === 'word') throw kind as unknown;
      if (kind === 'fault') throw new TypeError('no such row');
      throw new UserError('is full', { code: 'no-room', cure: 'Free some', retryable: true });
    },
    tell: told,
  });
  return new Rpc<Calls, object>(threadPort(port1), {});
}

it('answers many calls at once, each with its own answer', async () => {
  const rpc = pair();
  const answers = await Promise.all([1, 2, 3].map(async (number) => await rpc.call('double', number)));
  expect(answers).toEqual([2, 4, 6]);
});

it('moves memory there and back without a copy', async () => {
  const rpc = pair();
  expect(await rpc.call('make', 5)).toEqual(new Uint8Array(5).fill(7));
  const bytes = new Uint8Array(9);
  expect(await rpc.call('take', bytes, [bytes.buffer])).toBe(9);
  expect(bytes.length).toBe(0);
});

it('keeps the code, the cure and whether to try again of what a person can mend', async () => {
  const rpc = pair();
  const refusal = rpc.call('refuse', 'user');
  await expect(refusal).rejects.toBeInstanceOf(UserError);
  await expect(refusal).rejects.toMatchObject({
    message: 'is full. Free some.',
    code: 'no-room',
    cure: 'Free some',
    retryable: true,
  });
  const fault = rpc.call('refuse', 'fault');
  await expect(fault).rejects.toThrow('no such row');
  await expect(fault).rejects.not.toBeInstanceOf(UserError);
  await expect(rpc.call('refuse', 'word')).rejects.toThrow('word');
});

it('tells without an answer, in order with the calls', async () => {
  const told: string[] = [];
  const rpc = pair((word) => told.push(word));
  rpc.notify('tell', 'one');
  rpc.notify('tell', 'two');
  await rpc.call('double', 1);
  expect(told).toEqual(['one', 'two']);
});

it('refuses what waits and what comes after the end', async () => {
  const rpc = pair();
  const waiting = rpc.call('double', 1);
  rpc.end(new Error('the thread ended'));
  rpc.end(new Error('another reason'));
  await expect(waiting).rejects.toThrow('the thread ended');
  await expect(rpc.call('double', 1)).rejects.toThrow('the thread ended');
});
