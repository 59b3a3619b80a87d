/** An adapter's file at another strength: the same change times a number, by whoever opens it. */
import { describe, expect, it } from 'vitest';
import { atStrength } from '../../../gpu-runner/llama/model/adapter-strength.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { decodeAdapterArtifact, encodeAdapterArtifact } from '../../../gpu-runner/tasks/adapter-artifact.ts';
import { adapterAtStrength } from '../../../shared/export/adapter-at-strength.ts';
import { adapterSourceOf } from '../../../shared/export/adapter-source.ts';
import { normal } from '../../../shared/random.ts';
import { tinyConfiguration } from '../../gpu-runner/algorithms/tiny-model.ts';

const layout = adapterLayout(tinyConfiguration, 2, 4);
const vector = Float32Array.from({ length: layout.length }, (_, index) => normal(3, 1, index));
const file = await encodeAdapterArtifact(layout, vector, 'base', false);
const open = async (bytes: Uint8Array) => await decodeAdapterArtifact(bytes, tinyConfiguration, 'adapter');

describe('an adapter file at a strength', () => {
  it('has the same numbers under a scale that is so many times its own', async () => {
    const [own, half] = [await open(file), await open(await adapterAtStrength(file, 0.5))];
    expect(half.alpha).toBe(own.alpha / 2);
    expect(half.vector).toEqual(own.vector);
    const scaled = await open(
      await encodeAdapterArtifact(layout, atStrength(layout, vector, 0.5), 'base', false),
    );
    const places = layout.tensors.filter(({ name }) => name.endsWith('.b'));
    for (const { offset, length } of places) {
      const [here, there] = [half, scaled].map((one) => one.vector.subarray(offset, offset + length));
      expect(here?.map((value) => (half.alpha / scaled.alpha) * value)).toEqual(there);
    }
  });

  it('keeps what else stands in it', async () => {
    const { config, entries } = await adapterSourceOf(await adapterAtStrength(file, 3));
    const before = await adapterSourceOf(file);
    expect(config).toEqual({ ...before.config, lora_alpha: 12 });
    expect(entries.map(({ name }) => name)).toEqual(before.entries.map(({ name }) => name));
  });

  it('refuses what is no adapter, and a strength that is none', async () => {
    await expect(adapterAtStrength(new Uint8Array(40), 1)).rejects.toThrow(/the artifact/);
    await expect(adapterAtStrength(file, 0)).rejects.toThrow(/finite number above 0/);
  });
});
