/** Comparisons: what was said, and the blind labelling by people. */
import type { comparisonEndpoints } from '../../shared/api/comparisons.ts';
import { uniform } from '../../shared/random.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { sha256 } from '../http/keys.ts';
import { conflict, DomainError, notFound } from '../domain/errors.ts';
import {
  deleteComparison,
  findCandidate,
  findComparison,
  findNextCandidate,
  insertComparison,
  listComparisons,
  type CandidateRow,
} from '../store/comparisons.ts';

const streamOf = (text: string) => Number.parseInt(sha256(text).slice(0, 12), 16);

/**
 * Whether a person sees the second response as A: a fair coin that depends on the recorded seed of the judge task,
 * the pair and the person alone, so it can be checked afterwards and a reload shows the same sides.
 */
function isSwapped({ id, seed }: CandidateRow, person: string): boolean {
  return uniform(seed, streamOf(id), streamOf(person)) < 0.5;
}

const OUTCOMES = {
  straight: { a: 'first', b: 'second', tie: 'tie', skip: 'skipped' },
  swapped: { a: 'second', b: 'first', tie: 'tie', skip: 'skipped' },
} as const;

export function comparisonHandlers({ database }: Dependencies): Handlers<typeof comparisonEndpoints> {
  return {
    async listComparisons({ parameters, query }) {
      return { body: await listComparisons(database, parameters.experimentId, query) };
    },

    async getNextBlindPair({ parameters }, { principal }) {
      const { next, ...counts } = await findNextCandidate(database, parameters.experimentId, principal.keyId);
      if (!next) return { body: { pair: null, ...counts } };
      const { id, prompt, firstResponse, secondResponse } = next;
      const [a, b] = isSwapped(next, principal.keyId)
        ? [secondResponse, firstResponse]
        : [firstResponse, secondResponse];
      return { body: { pair: { candidateId: id, prompt, a, b }, ...counts } };
    },

    async labelBlindPair({ body }, { principal, now }) {
      const { candidateId, label } = body;
      const candidate = await findCandidate(database, candidateId);
      if (!candidate) throw notFound(`pair ${candidateId}`);
      const judge = principal.keyId;
      const swapped = isSwapped(candidate, judge);
      const id = `${candidateId}:human:${judge}:${swapped ? 1 : 0}`;
      if (await findComparison(database, id)) {
        throw conflict('You have labelled this pair; take the label back first: DELETE /v1/comparisons/{id}');
      }
      const outcome = OUTCOMES[swapped ? 'swapped' : 'straight'][label];
      const scores = { firstScore: null, secondScore: null };
      return {
        body: { id, candidateId, label, createdAt: now },
        writes: [
          insertComparison(database, {
            id,
            candidateId,
            source: 'human',
            judge,
            swapped,
            outcome,
            ...scores,
            createdAt: now,
          }),
        ],
      };
    },

    async undoComparison({ parameters }, { principal }) {
      const comparison = await findComparison(database, parameters.comparisonId);
      if (!comparison) throw notFound(`comparison ${parameters.comparisonId}`);
      if (comparison.source !== 'human' || comparison.judge !== principal.keyId) {
        throw new DomainError('forbidden', "Only one's own label can be taken back");
      }
      return { writes: [deleteComparison(database, comparison.id)] };
    },
  };
}
