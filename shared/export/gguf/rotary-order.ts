/** In which order llama.cpp wants the rows of queries and keys. */
import type { RotaryOrder } from '../rotary-rows.ts';

/** Architectures whose rotary embedding turns neighbours; all others that are written turn the halves. */
const INTERLEAVED = new Set(['llama', 'smollm3']);

export function ggufRotaryOrder(architecture: string): RotaryOrder {
  return INTERLEAVED.has(architecture) ? 'interleaved' : 'half';
}
