/** How config.json says that positions rotate: `rope_parameters` of newer files, `rope_scaling` and `rope_theta` of older ones. */
import type { Architecture, RopeScaling } from '../../model/architecture.ts';
import type { Config, RefuseConfig } from './config-fields.ts';
import type { Differences } from './family.ts';
import { objectOf, RopeReader } from './rope-reader.ts';

const SUPPORTED =
  'Open are default, linear, llama3, yarn, dynamic and longrope; use a checkpoint with one of them';

/** What of the record the rotation decides. */
export interface Rotation {
  readonly rope: Architecture['rope'];
  readonly maximumPositions: number;
}

/** Rotation of a checkpoint. */
export function readRotation(
  config: Config,
  headSize: number,
  { hasLocalRope = false, hasPartialRope = false, layersWithoutRope = [] }: Differences,
  refuse: RefuseConfig,
): Rotation {
  const nested = config.rope_parameters ?? {};
  const scaling = config.rope_scaling ?? {};
  const isOld = Object.keys(scaling).length > 0;
  const byLayerType = 'full_attention' in nested || 'sliding_attention' in nested;
  if (byLayerType !== hasLocalRope && Object.keys(nested).length > 0) {
    const fault = hasLocalRope
      ? 'does not tell full_attention from sliding_attention'
      : 'differs by layer type';
    refuse('rope_parameters', `${fault}, unlike this model_type`);
  }
  const place = byLayerType ? 'rope_parameters.full_attention' : 'rope_parameters';
  const full = new RopeReader(
    // As in transformers, the old form wins where a file has both.
    byLayerType ? { ...objectOf(nested['full_attention']), ...scaling } : isOld ? scaling : nested,
    isOld ? 'rope_scaling' : place,
    refuse,
  );
  const local = new RopeReader(
    objectOf(nested['sliding_attention']),
    'rope_parameters.sliding_attention',
    refuse,
  );
  if (hasLocalRope && local.type !== 'default')
    local.refuse('rope_type', `is ${local.type.slice(0, 40)}; layers with a window open with default alone`);
  const share = full.optional('partial_rotary_factor') ?? config.partial_rotary_factor ?? 1;
  if (share !== 1 && !hasPartialRope)
    refuse('partial_rotary_factor', `is ${share}, but heads of this model_type rotate whole`);
  const read = readScaling(full, config, hasPartialRope);
  return {
    rope: {
      theta: full.optional('rope_theta') ?? config.rope_theta ?? 10_000,
      layout: 'half',
      rotarySize: Math.trunc(headSize * share),
      layersWithout: layersWithoutRope,
      scaling: read.scaling,
      local: hasLocalRope
        ? { theta: local.optional('rope_theta') ?? config.rope_local_base_freq ?? 10_000 }
        : null,
    },
    maximumPositions: read.maximumPositions,
  };
}

interface Scaled {
  readonly scaling: RopeScaling | null;
  readonly maximumPositions: number;
}

function readScaling(rope: RopeReader, config: Config, isPhi: boolean): Scaled {
  const maximumPositions = config.max_position_embeddings;
  const original =
    config.original_max_position_embeddings ??
    rope.optional('original_max_position_embeddings') ??
    maximumPositions;
  const scaled = (scaling: RopeScaling | null): Scaled => ({ scaling, maximumPositions });
  // Phi-3 wrote other names before longrope had its own.
  const type = isPhi && (rope.type === 'su' || rope.type === 'yarn') ? 'longrope' : rope.type;
  switch (type) {
    case 'default':
    // Up to the trained length, which is what maximumPositions says, dynamic changes nothing.
    case 'dynamic':
      return scaled(null);
    case 'linear':
      return scaled({ kind: 'linear', factor: rope.number('factor') });
    case 'llama3':
      return scaled({
        kind: 'llama3',
        factor: rope.number('factor'),
        lowFrequencyFactor: rope.number('low_freq_factor'),
        highFrequencyFactor: rope.number('high_freq_factor'),
        originalMaximumPositions: original,
      });
    case 'yarn':
      return scaled(readYarn(rope, maximumPositions, original));
    case 'longrope': {
      const factor = rope.optional('factor') ?? maximumPositions / original;
      const attentionFactor =
        rope.optional('attention_factor') ??
        (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)));
      const factors = rope.numbers('short_factor');
      // Beyond the original length the model turns by other factors; up to it, by these.
      return {
        scaling: { kind: 'longrope', factors, attentionFactor },
        maximumPositions: Math.min(original, maximumPositions),
      };
    }
    default:
      return rope.refuse('rope_type', `is ${JSON.stringify(type.slice(0, 40))}`, SUPPORTED);
  }
}

function readYarn(rope: RopeReader, maximumPositions: number, original: number): RopeScaling {
  const factor = rope.optional('factor') ?? maximumPositions / original;
  const scale = rope.optional('mscale');
  const scaleAll = rope.optional('mscale_all_dim');
  const grown = (by: number): number => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  const ratio = scale && scaleAll ? grown(scale) / grown(scaleAll) : null;
  return {
    kind: 'yarn',
    factor,
    originalMaximumPositions: original,
    // As in transformers, 0 means the default.
    betaFast: rope.optional('beta_fast') || 32,
    betaSlow: rope.optional('beta_slow') || 1,
    attentionFactor: rope.optional('attention_factor') ?? ratio,
    truncate: rope.flag('truncate'),
  };
}
