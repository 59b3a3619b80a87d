/** How many tokens of a text an encoder reads. */

/** Model types whose positions begin behind the id of padding, as fairseq's RoBERTa had it. */
const SHIFTED: ReadonlySet<unknown> = new Set(['roberta', 'xlm-roberta', 'camembert', 'mpnet', 'longformer']);

/** Where neither file tells it. */
const USUAL = 512;

/**
 * The smaller of what the tokenizer is set to and what the model has positions for.
 *
 * @param config the encoder's config.json
 * @param tokenizerConfig its tokenizer_config.json, where "no limit" may be a number of thirty digits
 */
export function positionLimit(
  config: Readonly<Record<string, unknown>>,
  tokenizerConfig: Readonly<Record<string, unknown>>,
): number {
  const { model_type: type, max_position_embeddings: positions, pad_token_id: padding = 1 } = config;
  const shift = SHIFTED.has(type) && typeof padding === 'number' ? padding + 1 : 0;
  const limits = [
    typeof positions === 'number' ? positions - shift : Infinity,
    typeof tokenizerConfig['model_max_length'] === 'number' ? tokenizerConfig['model_max_length'] : Infinity,
  ];
  const limit = Math.min(...limits.filter((value) => value >= 1));
  return limit < 1e6 ? Math.floor(limit) : USUAL;
}
