/** Messages between a session worker and its thread. */
import type { SessionFault } from './errors.ts';
import type { HostTensors, ModelSource, SessionOptions } from './session.ts';

export type RequestBody =
  | { readonly call: 'open'; readonly source: ModelSource; readonly options: SessionOptions }
  | {
      readonly call: 'run';
      readonly session: number;
      readonly feeds: HostTensors;
      readonly outputs: readonly string[] | HostTensors;
    }
  | { readonly call: 'profile' | 'close'; readonly session: number };

export type Request = RequestBody & { readonly id: number };

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly fault: SessionFault; readonly message: string };

/** The memory behind some tensors, each buffer once, to move it to another thread. */
export function buffersOf(tensors: HostTensors): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(tensors))
    if (data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  return [...buffers];
}
