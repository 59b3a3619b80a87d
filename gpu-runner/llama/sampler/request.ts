/** What is asked of the sampler, checked, and how it becomes the inputs of a rollout graph. */
import { uniform } from '../../../shared/random.ts';
import type { HostTensor, HostTensors } from '../../tensor/session.ts';
import type { Architecture } from '../model/architecture.ts';
import { type EndAutomaton, endTokensAutomaton } from './end-automaton.ts';
import { UserError } from '../../../shared/user-error.ts';

/** A batch of prompts to continue. Rows stand group by group, equally many in each. */
export interface SamplingRequest {
  /** tokens of each row, BOS included, at least one */
  readonly prompts: readonly ArrayLike<number>[];
  /** at most this many tokens are drawn: for all rows, or one limit per row */
  readonly maximumNewTokens: number | readonly number[];
  /** experiment seed; a row's tokens depend on (seed, row id, position) and the prompt alone */
  readonly seed: number;
  /** stream of each row in the counter-based generator */
  readonly rowIds: readonly number[];
  /** logits are divided by it, 1 unless given */
  readonly temperature?: number;
  /** only this many of the likeliest tokens, all unless given */
  readonly topK?: number;
  /** only the smallest set of likeliest tokens that reaches this probability, 1 unless given */
  readonly topP?: number;
  /** tokens that are never drawn */
  readonly bannedTokens?: readonly number[];
  /** where rows end; at the model's end tokens unless given */
  readonly ends?: EndAutomaton;
}

/** The request does not fit the model or contradicts itself. */
export class SamplingRequestError extends UserError {
  override readonly name = 'SamplingRequestError';
  override readonly code = 'bad-input';
}

/** @throws SamplingRequestError naming the field, the fault and the cure */
export function checkRequest(
  request: SamplingRequest,
  architecture: Architecture,
  groups: number,
  maximumPositions: number,
): void {
  const { prompts, rowIds, temperature = 1, topK, topP = 1, bannedTokens = [], ends } = request;
  const { vocabularySize } = architecture;
  const refuse = (field: string, fault: string): never => {
    throw new SamplingRequestError(`${field} ${fault}`);
  };
  if (prompts.length === 0 || prompts.length % groups !== 0) {
    refuse('prompts', `has ${prompts.length} rows: give a positive multiple of the ${groups} adapter groups`);
  }
  if (rowIds.length !== prompts.length)
    refuse('rowIds', `has ${rowIds.length} entries for ${prompts.length} prompts`);
  if (!(temperature > 0 && temperature <= 100)) {
    refuse(
      'temperature',
      `is ${temperature}: it must be above 0 and at most 100 (for the likeliest token use topK 1)`,
    );
  }
  if (topK !== undefined && (!Number.isInteger(topK) || topK < 1))
    refuse('topK', `is ${topK}: it must be at least 1`);
  if (!(topP > 0 && topP <= 1)) refuse('topP', `is ${topP}: it must be above 0 and at most 1`);
  const tokens = (field: string, list: ArrayLike<number>): void => {
    for (let index = 0; index < list.length; index++) {
      const token = list[index] ?? -1;
      if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
        refuse(`${field}[${index}]`, `is ${token}: the vocabulary has ${vocabularySize} tokens`);
      }
    }
  };
  tokens('bannedTokens', bannedTokens);
  if (new Set(bannedTokens).size === vocabularySize) refuse('bannedTokens', 'bans every token: leave one');
  if (ends !== undefined && ends.next.length !== ends.states * vocabularySize) {
    refuse('ends', `has ${ends.next.length} steps: give ${ends.states} states of ${vocabularySize} tokens`);
  }
  prompts.forEach((prompt, row) => {
    if (prompt.length === 0) refuse(`prompts[${row}]`, 'is empty: start with the BOS token');
    tokens(`prompts[${row}]`, prompt);
    const limit = limitOf(request, row);
    if (!Number.isInteger(limit) || limit < 0) {
      refuse(`maximumNewTokens of row ${row}`, `is ${limit}: it must be a whole number, 0 or more`);
    }
    if (prompt.length + limit > maximumPositions) {
      refuse(
        `prompts[${row}]`,
        `has ${prompt.length} tokens and may grow by ${limit}: this session takes ${maximumPositions} in all`,
      );
    }
  });
  // A row that ended goes on to the end of its chunk, and on CUDA for as long as another does.
  const longest = Math.max(...prompts.map(({ length }) => length));
  const steps = Math.max(...prompts.map((_, row) => limitOf(request, row)));
  if (longest + steps > maximumPositions) {
    refuse(
      'maximumNewTokens',
      `lets one row grow by ${steps} beside a prompt of ${longest} tokens: together at most ${maximumPositions} in this session`,
    );
  }
}

/** The most tokens that a row may get. */
export function limitOf({ maximumNewTokens }: SamplingRequest, row: number): number {
  return typeof maximumNewTokens === 'number' ? maximumNewTokens : (maximumNewTokens[row] ?? -1);
}

export function int64(shape: readonly number[], of: (index: number) => number): HostTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'int64', shape, data: BigInt64Array.from({ length }, (_, index) => BigInt(of(index))) };
}

function float32(shape: readonly number[], of: (index: number) => number): HostTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length }, (_, index) => of(index)) };
}

export function bool(shape: readonly number[], of: (index: number) => boolean): HostTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'bool', shape, data: Uint8Array.from({ length }, (_, index) => Number(of(index))) };
}

/** Exactly 0 after softmax. */
const NEVER = -1e30;
/** Inputs that stay the same over all runs of a rollout. */
export function constantFeeds(request: SamplingRequest, architecture: Architecture): HostTensors {
  const { temperature = 1, topK, topP = 1, bannedTokens = [] } = request;
  const { vocabularySize, eosTokens } = architecture;
  const { next } = request.ends ?? endTokensAutomaton(eosTokens, vocabularySize);
  const banned = new Set(bannedTokens);
  return {
    inverseTemperature: float32([], () => 1 / temperature),
    banning: bool([], () => banned.size > 0),
    banned: float32([vocabularySize], (token) => (banned.has(token) ? NEVER : 0)),
    cut: bool([], () => topK !== undefined || topP < 1),
    topK: int64([1], () => Math.min(topK ?? vocabularySize, vocabularySize)),
    topP: float32([], () => topP),
    ends: { dtype: 'uint8', shape: [next.length], data: next },
  };
}

/** Random numbers and limits of the steps from `first` on. */
export function stepFeeds(
  request: SamplingRequest,
  groups: number,
  first: number,
  steps: number,
): HostTensors {
  const { rowIds, seed } = request;
  const rows = rowIds.length;
  return {
    uniforms: float32([rows, steps], (index) =>
      drawOf(seed, rowIds[Math.floor(index / steps)] ?? 0, first + (index % steps)),
    ),
    limits: int64([groups, rows / groups], (row) => limitOf(request, row)),
  };
}

/**
 * The number that picks a token. A hair smaller than the generator's own: times a rounded sum it stays below that sum,
 * so that the pick never falls behind the last token.
 */
export function drawOf(seed: number, rowId: number, position: number): number {
  return Math.fround(uniform(seed, rowId, position) * (1 - 2 ** -22));
}
