/** Strict mode: samples with the training graph itself, token by token, so that the first ratio is exactly 1. */
import type { Architecture } from '../model/architecture.ts';
import { checkRequest, drawOf, limitOf, SamplingRequestError, type SamplingRequest } from './request.ts';
import type { FinishReason, Rollout } from './sampler.ts';

/** The training graph as the two functions that strict sampling asks of it; sequences stand by adapter group. */
export interface StrictPolicy {
  readonly architecture: Architecture;
  readonly groups: number;
  readonly maximumPositions: number;
  /** next-token logits after each sequence, already divided by the temperature, [vocabulary] each */
  readonly nextLogits: (
    sequences: readonly (readonly (readonly number[])[])[],
  ) => Promise<readonly (readonly Float32Array[])[]>;
  /** log-probabilities of each sequence's tokens from `start` on, as a training step computes them */
  readonly logProbabilities: (
    sequences: readonly (readonly { readonly tokens: readonly number[]; readonly start: number }[])[],
  ) => Promise<readonly (readonly Float32Array[])[]>;
}

interface Row {
  readonly tokens: number[];
  readonly start: number;
  reason: FinishReason | undefined;
}

/**
 * As `Sampler.sample`, much slower: every token costs a forward pass over its whole sequence.
 *
 * @throws SamplingRequestError for a request that does not fit, or that cuts the distribution (top-k and top-p), whose
 *   log-probabilities a training step does not compute
 */
export async function strictRollout(
  policy: StrictPolicy,
  request: SamplingRequest,
  signal?: AbortSignal,
): Promise<Rollout> {
  const { architecture, groups } = policy;
  checkRequest(request, architecture, groups, policy.maximumPositions);
  if (request.topK !== undefined || (request.topP ?? 1) < 1 || (request.bannedTokens ?? []).length > 0) {
    throw new SamplingRequestError(
      'topK, topP and bannedTokens: strict mode draws from the whole distribution',
    );
  }
  const rows = request.prompts.map((prompt, row): Row => ({
    tokens: Array.from(prompt),
    start: prompt.length,
    reason: limitOf(request, row) === 0 ? 'length' : undefined,
  }));
  const size = rows.length / groups;
  const stops = [...architecture.eosTokens.map((token) => [token]), ...(request.stopSequences ?? [])];
  while (rows.some(({ reason }) => reason === undefined)) {
    signal?.throwIfAborted();
    const byGroup = Array.from({ length: groups }, (_, group) =>
      rows.slice(group * size, (group + 1) * size),
    );
    const logits = await policy.nextLogits(byGroup.map((group) => group.map(({ tokens }) => tokens)));
    rows.forEach((row, index) => {
      if (row.reason !== undefined) return;
      const drawn = row.tokens.length - row.start;
      const next = logits[Math.floor(index / size)]?.[index % size] ?? new Float32Array(0);
      row.tokens.push(drawFrom(next, drawOf(request.seed, request.rowIds[index] ?? 0, drawn)));
      const response = row.tokens.slice(row.start);
      if (stops.some((stop) => endsWith(response, stop))) row.reason = 'stop';
      else if (response.length >= limitOf(request, index)) row.reason = 'length';
    });
  }
  const scored = await policy.logProbabilities(
    Array.from({ length: groups }, (_, group) => rows.slice(group * size, (group + 1) * size)),
  );
  return collect(rows, scored.flat(), architecture.padToken);
}

/** The first token whose share of the running sum exceeds the draw, summed in float64. */
function drawFrom(logits: Float32Array, draw: number): number {
  const top = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = Array.from(logits, (logit) => Math.exp(logit - top));
  const target = draw * weights.reduce((sum, weight) => sum + weight, 0);
  let upTo = 0;
  for (const [token, weight] of weights.entries()) {
    upTo += weight;
    if (upTo > target) return token;
  }
  return logits.indexOf(top);
}

function endsWith(tokens: readonly number[], end: readonly number[]): boolean {
  return end.length <= tokens.length && end.every((token, index) => tokens.at(index - end.length) === token);
}

function collect(rows: readonly Row[], scores: readonly Float32Array[], padToken: number): Rollout {
  const lengths = Int32Array.from(rows, ({ tokens, start }) => tokens.length - start);
  const width = Math.max(0, ...lengths);
  const tokens = new Int32Array(rows.length * width).fill(padToken);
  const logProbabilities = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    tokens.set(row.tokens.slice(row.start), index * width);
    logProbabilities.set(scores[index] ?? [], index * width);
  });
  const finishReasons = rows.map(({ reason }) => reason ?? 'length');
  return { rows: rows.length, width, tokens, logProbabilities, lengths, finishReasons };
}
