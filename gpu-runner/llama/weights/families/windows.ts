/** Which layers look back over a window only. */
import type { Config, RefuseConfig } from './config-fields.ts';

const FULL = 'full_attention';
const WINDOWED = 'sliding_attention';

/**
 * The window of each layer, positions that a token sees including its own; null where it sees everything.
 *
 * `layer_types` decides where config.json has it, else `isWindowed`.
 */
export function layerWindows(
  config: Config,
  isWindowed: (layer: number) => boolean,
  refuse: RefuseConfig,
): (number | null)[] | null {
  const { layer_types: types, num_hidden_layers: layers, sliding_window: window } = config;
  if (types && types.length !== layers)
    refuse('layer_types', `has ${types.length} entries for ${layers} layers`);
  const windows = Array.from({ length: layers }, (_, layer) => {
    const type = types?.[layer] ?? (isWindowed(layer) ? WINDOWED : FULL);
    if (type !== FULL && type !== WINDOWED)
      return refuse(`layer_types.${layer}`, `is ${type.slice(0, 40)}; ${FULL} and ${WINDOWED} open`);
    if (type === FULL) return null;
    return window ?? refuse('sliding_window', `is missing, but layer ${layer} attends over a window`);
  });
  return windows.every((one) => one === null) ? null : windows;
}

/** One window for every layer, or none. */
export function sameWindow({ sliding_window: window, num_hidden_layers: layers }: Config): number[] | null {
  return typeof window === 'number' ? Array.from({ length: layers }, () => window) : null;
}
