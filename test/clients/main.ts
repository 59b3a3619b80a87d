/** `npm run clients`: clients made of the OpenAPI document in TypeScript and in Python, each of which drives an experiment. */
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { driveClients } from './drive-clients.ts';
import { makeGenerators } from './generators.ts';
import { withEdge } from './with-edge.ts';

export const command = createCommand(
  'npm run clients --',
  'Makes clients of the OpenAPI document with openapi-typescript and openapi-python-client, and drives an experiment with ' +
    'each against an edge on Node: make, cancel, read, delete. Prints what each saw, as JSON. Afterwards npm test does it, too.',
).action(async () => {
  const generators = await makeGenerators((line) => console.error(line));
  console.log(JSON.stringify(await withEdge((edge) => driveClients(generators, edge)), null, 2));
});

if (import.meta.main) await runCommand(command);
