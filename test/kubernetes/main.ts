/** `npm run kubernetes`: builds a Kubernetes API server, which the tests then drive. */
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { makePrograms } from './programs.ts';

export const command = createCommand(
  'npm run kubernetes --',
  'Builds etcd and kube-apiserver from their Go modules, in the versions and with the checksums of ' +
    'test/kubernetes/go.mod and go.sum, and keeps them. Afterwards npm test drives them, too: npx vitest run test/kubernetes.',
).action(async () => {
  console.log(JSON.stringify(await makePrograms((line) => console.error(line)), null, 2));
});

if (import.meta.main) await runCommand(command);
