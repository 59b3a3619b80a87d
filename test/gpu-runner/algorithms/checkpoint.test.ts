/** Checkpoints: equal bytes for equal states, and no damaged, partial or foreign one is ever accepted. */
import { createHash } from 'node:crypto';
import { integer } from 'fast-check';
import * as fastCheck from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  workOf,
  type Checkpoint,
} from '../../../gpu-runner/algorithms/checkpoint.ts';

const schema = z.strictObject({ cursor: z.int(), best: z.number().nullable() });
type State = z.infer<typeof schema>;

function checkpoint(extra: Partial<Checkpoint<State>> = {}): Checkpoint<State> {
  return {
    step: 7,
    state: { cursor: 3, best: null },
    tensors: new Map([
      ['b', { shape: [2], data: Float32Array.of(1.5, -2) }],
      ['a', { shape: [2, 1], data: Float32Array.of(0.25, 3e-30) }],
    ]),
    ...extra,
  };
}
const work = workOf('ppo', 'prompts', ['Once', 'Twice'], { seed: 3, steps: [20, 40] });
const names = () => ['a', 'b'];
const decode = (bytes: Uint8Array) => decodeCheckpoint(work, bytes, schema, names);

describe('checkpoints', () => {
  it('gives back step, state and tensors bit by bit', async () => {
    const read = await decode(await encodeCheckpoint(work, checkpoint()));
    expect(read.step).toBe(7);
    expect(read.state).toEqual({ cursor: 3, best: null });
    expect(read.tensors.get('a')).toEqual({ shape: [2, 1], data: Float32Array.of(0.25, 3e-30) });
    expect(read.tensors.get('b')?.data).toEqual(Float32Array.of(1.5, -2));
  });

  it('gives equal bytes for equal states, whatever order the tensors came in', async () => {
    const tensors = new Map([...checkpoint().tensors].reverse());
    expect(await encodeCheckpoint(work, checkpoint({ tensors }))).toEqual(
      await encodeCheckpoint(work, checkpoint()),
    );
  });

  it('refuses any flipped byte and any cut', async () => {
    const bytes = await encodeCheckpoint(work, checkpoint());
    await fastCheck.assert(
      fastCheck.asyncProperty(
        integer({ min: 0, max: bytes.length - 1 }),
        integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = Uint8Array.from(bytes);
          damaged[at] = (damaged[at] ?? 0) ^ change;
          await expect(decode(damaged)).rejects.toThrow(/checkpoint/);
          await expect(decode(bytes.subarray(0, at))).rejects.toThrow(/checkpoint/);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses another algorithm, an unknown field, a missing field and a missing or unknown tensor', async () => {
    const bytes = await encodeCheckpoint(work, checkpoint());
    await expect(decodeCheckpoint({ ...work, algorithm: 'simulate' }, bytes, schema, names)).rejects.toThrow(
      /of ppo, the task is simulate/,
    );
    const extra = await encodeCheckpoint(work, {
      ...checkpoint(),
      state: { cursor: 3, best: null, more: 1 },
    });
    await expect(decode(extra)).rejects.toThrow(/not complete.*more/s);
    const fewer = await encodeCheckpoint(work, { ...checkpoint(), state: { cursor: 3 } });
    await expect(decode(fewer)).rejects.toThrow(/not complete.*best/s);
    await expect(decodeCheckpoint(work, bytes, schema, () => ['a', 'b', 'c'])).rejects.toThrow(
      /missing \[c\]/,
    );
    await expect(decodeCheckpoint(work, bytes, schema, () => ['a'])).rejects.toThrow(/unknown \[b\]/);
  });

  it('neither writes nor reads numbers that are not finite', async () => {
    const tensors = new Map([['a', { shape: [1], data: Float32Array.of(Number.NaN) }]]);
    await expect(encodeCheckpoint(work, checkpoint({ tensors }))).rejects.toThrow(/tensor a holds NaN at 0/);
    const bytes = Buffer.from(await encodeCheckpoint(work, checkpoint()));
    // Plant a NaN behind the hash's back: the last four bytes are the last element of a tensor.
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    createHash('sha256').update(bytes.subarray(40)).digest().copy(bytes, 8);
    await expect(decode(bytes)).rejects.toThrow(/cannot be used/);
  });
});
