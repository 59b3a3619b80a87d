/** config.json as text: what was written as a float stays one, which the readers of some fields insist on. */

const FLOAT = /"(\w+)"\s*:\s*-?\d+\.0+(?=\s*[,}\]])/g;

/** Fields that are floats for every reader; of a file that is written anew nothing else tells. */
const FLOATS = [
  'attention_factor',
  'attn_logit_softcapping',
  'beta_fast',
  'beta_slow',
  'factor',
  'final_logit_softcapping',
  'high_freq_factor',
  'low_freq_factor',
  'partial_rotary_factor',
  'rms_norm_eps',
  'rope_theta',
];

/** @param original the text of which the values come; null where they are written anew */
export function configText(config: Readonly<Record<string, unknown>>, original: string | null): string {
  const floats = new Set(original === null ? FLOATS : [...original.matchAll(FLOAT)].map(([, key]) => key));
  const written = JSON.stringify(config, null, 2).replaceAll(
    /"(\w+)": (-?\d+)(?=[,\n])/g,
    (text, key: string) => (floats.has(key) ? `${text}.0` : text),
  );
  return `${written}\n`;
}
