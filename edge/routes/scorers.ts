/** Scorers: what there is, where labels point, and scores. */
import type { scorerEndpoints } from '../../shared/api/scorers.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { conflict, notFound, requireUnused } from '../domain/errors.ts';
import { ScorerCache } from '../scoring/scorer-cache.ts';
import { whoMade } from '../store/uses.ts';
import { findPrinciple } from '../store/principles.ts';
import {
  deleteScorer,
  deleteScorerLabel,
  findLabelledScorer,
  findScorer,
  findScorerById,
  listScorers,
  moveScorerLabel,
} from '../store/scorers.ts';

interface Choice {
  readonly principle: string;
  readonly scorer?: string | undefined;
  readonly label: string;
}

export function scorerHandlers({
  database,
  blobs,
  scoringKernel,
}: Dependencies): Handlers<typeof scorerEndpoints> {
  const cache = new ScorerCache({ database, blobs }, scoringKernel);

  async function requirePrinciple(name: string) {
    const principle = await findPrinciple(database, name);
    if (!principle) throw notFound(`principle ${name}`);
    return principle;
  }

  async function open({ principle: name, scorer: id, label }: Choice) {
    const principle = await requirePrinciple(name);
    const scorer =
      id === undefined
        ? await findLabelledScorer(database, principle.id, label)
        : await findScorer(database, name, id);
    if (!scorer) {
      throw notFound(
        id === undefined
          ? `a scorer with the label ${label} of principle ${name} (an experiment made with "scorer": true teaches one)`
          : `scorer ${id} of principle ${name}`,
      );
    }
    return { scorer, model: await cache.get(scorer.sha256) };
  }

  return {
    async listScorers({ query }) {
      return { body: await listScorers(database, query) };
    },

    async moveScorerLabel({ parameters, body }, { now, createdBy: movedBy }) {
      const principle = await requirePrinciple(parameters.principleName);
      const scorer = await findScorer(database, principle.name, body.scorer);
      if (!scorer) throw notFound(`scorer ${body.scorer} of principle ${principle.name}`);
      // A label never points at a file that cannot score.
      await cache.get(scorer.sha256);
      const label = { principleId: principle.id, name: parameters.scorerLabel, movedAt: now, movedBy };
      return {
        body: { principle: principle.name, label: label.name, scorer: scorer.id, movedAt: now },
        writes: [moveScorerLabel(database, { ...label, scorerId: scorer.id })],
      };
    },

    async deleteScorerLabel({ parameters: { principleName, scorerLabel } }) {
      const { id } = await requirePrinciple(principleName);
      if (!(await findLabelledScorer(database, id, scorerLabel)))
        throw notFound(`label ${scorerLabel} of the scorers of principle ${principleName}`);
      return { writes: [deleteScorerLabel(database, id, scorerLabel)] };
    },

    async deleteScorer({ parameters: { scorerId } }) {
      const scorer = await findScorerById(database, scorerId);
      if (!scorer) throw notFound(`scorer ${scorerId}`);
      const [label] = scorer.labels;
      if (label !== undefined) {
        const principle = scorer.principle.name;
        throw conflict(
          `The label ${label} of principle ${principle} points at scorer ${scorerId}; move or delete it first`,
        );
      }
      requireUnused(`scorer ${scorerId}`, await whoMade(database, scorer.sha256));
      return { writes: [deleteScorer(database, scorerId)] };
    },

    async score({ body: { prompt, texts, ...choice } }) {
      const { scorer, model } = await open(choice);
      return { body: { scorer, scores: texts.map((response) => model.score({ prompt, response })) } };
    },

    async scoreCompare({ body: { prompt, first: one, second: other, ...choice } }) {
      const { scorer, model } = await open(choice);
      const first = model.score({ prompt, response: one });
      const second = model.score({ prompt, response: other });
      return { body: { scorer, probability: model.probabilityOfFirst(first, second), first, second } };
    },

    async scoreBestOf({ body: { prompt, responses, ...choice } }) {
      const { scorer, model } = await open(choice);
      const scores = responses.map((response) => model.score({ prompt, response }));
      const best = scores.reduce(
        (top, { score }, place) => (score > (scores[top]?.score ?? Number.NaN) ? place : top),
        0,
      );
      return { body: { scorer, best, scores } };
    },
  };
}
