/** The tensors of an adapter under the names that PEFT looks for in a base of some family. */
import { type AdapterSource, type Heads, readInOrder } from './adapter-source.ts';
import { type FactorTensor, fused, fusedOf } from './fused-projections.ts';

/** What stands before `layers.N.`, where it is not `model.`: models that also see keep their text apart. */
const PREFIXES: ReadonlyMap<string, string> = new Map([['gemma3', 'model.language_model.']]);

/** Every tensor, in the file's order but for those that are joined. */
export function peftTensors(
  adapter: AdapterSource,
  heads: Heads,
  modelType: string | null,
): readonly FactorTensor[] {
  const prefix = `base_model.model.${PREFIXES.get(modelType ?? '') ?? 'model.'}layers.`;
  const renamed = (name: string): string => name.replace('base_model.model.model.layers.', prefix);
  const plain = adapter.entries.map((entry) => ({
    name: renamed(entry.name),
    dtype: entry.dtype,
    shape: entry.shape,
    bytes: async () => await readInOrder(adapter, entry, heads, 'half'),
  }));
  return fused(plain, modelType);
}

/** Fields of adapter_config.json that say how joined projections are adapted. */
export function fusedConfig(
  { config }: AdapterSource,
  modelType: string | null,
): Readonly<Record<string, unknown>> {
  const joins = Object.entries(fusedOf(modelType));
  const parts = new Set(joins.flatMap(([, joined]) => joined));
  const whole = joins.filter(([, joined]) => joined.some((one) => config.target_modules.includes(one)));
  const times = (value: number) =>
    Object.fromEntries(whole.map(([name, joined]) => [name, value * joined.length]));
  return {
    target_modules: [
      ...config.target_modules.filter((name) => !parts.has(name)),
      ...whole.map(([name]) => name),
    ].toSorted(),
    rank_pattern: times(config.r),
    alpha_pattern: times(config.lora_alpha),
  };
}
