/** Clients that generators of others make of the document drive an experiment, in both languages. */
import { expect, it } from 'vitest';
import { driveClients } from './drive-clients.ts';
import { haveGenerators, makeGenerators } from './generators.ts';
import { withEdge } from './with-edge.ts';

const SEEN = {
  train: 2,
  statuses: ['queued', 'cancelled', 'cancelled'],
  stages: ['generate'],
  events: ['experiment-created', 'stage-started', 'experiment-cancelled'],
  methods: ['base'],
  refused: [404, 'urn:rlcd:problem:not-found'],
  deleted: 204,
};

it.skipIf(!(await haveGenerators()))(
  'generated clients drive an experiment (the generators are absent: npm run clients makes them, with Python and registries)',
  async () => {
    const generators = await makeGenerators(() => {});
    const { typescript, python, warnings } = await withEdge((edge) => driveClients(generators, edge));
    expect(typescript).toEqual(SEEN);
    expect(python).toEqual(SEEN);
    expect(warnings).toEqual([]);
  },
);
