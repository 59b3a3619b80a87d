/** The frontier: an adapter at several strengths beside the base. */
import { createHash } from 'node:crypto';
import { atStrength } from '../llama/model/adapter-strength.ts';
import type { AdapterLayout } from '../llama/model/lora-layout.ts';
import type { Adapters } from './beside-base.ts';

/** A strength that changes nothing answers as the base does. */
export function adapterAtStrengths(
  { layout, vector }: { readonly layout: AdapterLayout; readonly vector: Float32Array },
  strengths: readonly number[],
): Adapters<{ readonly strength: number }> {
  const vectors = new Float32Array(strengths.length * layout.length);
  for (const [place, strength] of strengths.entries()) {
    vectors.set(atStrength(layout, vector, strength), place * layout.length);
  }
  return {
    purpose: 'frontier',
    names: strengths.map((strength) => ({ strength })),
    vectors,
    identity: { strengths, adapter: createHash('sha256').update(vector).digest('hex') },
  };
}
