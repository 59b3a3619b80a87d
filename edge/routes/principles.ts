/** Principles: the pattern for every resource. Handlers read, decide, and return their writes. */
import type { PrincipleDefinition, principleEndpoints } from '../../shared/api/principles.ts';
import { compareDocuments } from '../../shared/compare-documents.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { conflict, notFound, requireUnused } from '../domain/errors.ts';
import { affixWarnings } from '../../shared/principles/affix-warnings.ts';
import { createIdentifier } from '../store/identifier.ts';
import { whoUsesPrinciple } from '../store/uses.ts';
import {
  deleteLabel,
  deletePrinciple,
  deleteVersion,
  findLatestNumber,
  findPrinciple,
  findVersion,
  hasLabel,
  insertPrinciple,
  insertVersion,
  listPrinciples,
  listVersions,
  moveLabel,
} from '../store/principles.ts';

function viewOf<Version extends { readonly definition: PrincipleDefinition }>(version: Version) {
  return { ...version, warnings: affixWarnings(version.definition) };
}

export function principleHandlers({ database }: Dependencies): Handlers<typeof principleEndpoints> {
  async function requirePrinciple(name: string) {
    const principle = await findPrinciple(database, name);
    if (!principle) throw notFound(`principle ${name}`);
    return principle;
  }

  async function requireVersion(principle: { id: string; name: string }, reference: string) {
    const version = await findVersion(database, principle.id, reference);
    if (!version) throw notFound(`version ${reference} of principle ${principle.name}`);
    return version;
  }

  return {
    async createPrincipleVersion({ parameters, body }, { now, createdBy }) {
      const existing = await findPrinciple(database, parameters.principleName);
      const principle = existing ?? {
        id: createIdentifier(now),
        name: parameters.principleName,
        createdAt: now,
        createdBy,
      };
      const number = existing ? (await findLatestNumber(database, existing.id)) + 1 : 1;
      const version = {
        id: createIdentifier(now),
        principleId: principle.id,
        number,
        definition: body,
        createdAt: now,
        createdBy,
      };
      return {
        body: viewOf({ ...version, principle: principle.name, labels: [], labelMoves: [] }),
        writes: [
          ...(existing ? [] : [insertPrinciple(database, principle)]),
          insertVersion(database, version),
        ],
      };
    },

    async listPrinciples({ query }) {
      return { body: await listPrinciples(database, query) };
    },

    async listPrincipleVersions({ parameters, query }) {
      const principle = await requirePrinciple(parameters.principleName);
      const { items, nextCursor } = await listVersions(database, principle.id, query);
      return { body: { items: items.map(viewOf), nextCursor } };
    },

    async getPrincipleVersion({ parameters }) {
      const principle = await requirePrinciple(parameters.principleName);
      return { body: viewOf(await requireVersion(principle, parameters.principleVersion)) };
    },

    async comparePrincipleVersions({ parameters, query }) {
      const principle = await requirePrinciple(parameters.principleName);
      const from = await requireVersion(principle, query.from);
      const to = await requireVersion(principle, query.to);
      const changes = compareDocuments(from.definition, to.definition);
      return { body: { from: from.number, to: to.number, changes } };
    },

    async movePrincipleLabel({ parameters, body }, { now, createdBy: movedBy }) {
      const principle = await requirePrinciple(parameters.principleName);
      const version = await requireVersion(principle, String(body.version));
      const label = { principleId: principle.id, name: parameters.principleLabel, movedAt: now, movedBy };
      return {
        body: { principle: principle.name, label: label.name, version: version.number, movedAt: now },
        writes: [moveLabel(database, { ...label, versionId: version.id })],
      };
    },

    async deletePrincipleLabel({ parameters: { principleName, principleLabel } }) {
      const { id } = await requirePrinciple(principleName);
      if (!(await hasLabel(database, id, principleLabel)))
        throw notFound(`label ${principleLabel} of principle ${principleName}`);
      return { writes: [deleteLabel(database, id, principleLabel)] };
    },

    async deletePrincipleVersion({ parameters }) {
      const principle = await requirePrinciple(parameters.principleName);
      const { id, number, labels } = await requireVersion(principle, parameters.principleVersion);
      const what = `version ${number} of principle ${principle.name}`;
      const [label] = labels;
      if (label !== undefined)
        throw conflict(`The label ${label} points at ${what}; move or delete it first`);
      requireUnused(what, await whoUsesPrinciple(database, principle.id, id));
      const { items } = await listVersions(database, principle.id, { limit: 2 });
      if (items.length === 1) throw conflict(`The ${what} is its only one; delete the principle`);
      return { writes: [deleteVersion(database, id)] };
    },

    async deletePrinciple({ parameters }) {
      const { id, name } = await requirePrinciple(parameters.principleName);
      requireUnused(`principle ${name}`, await whoUsesPrinciple(database, id));
      return { writes: deletePrinciple(database, id) };
    },
  };
}
