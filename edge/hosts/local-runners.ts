/** `RLCD_RUNNERS=n` on the Node host: up to n runner processes come up when work waits. */
import type { Dependencies } from '../http/dependencies.ts';
import { createSecret } from '../http/keys.ts';
import type { LaunchPolicy } from '../orchestration/launch/launcher.ts';
import { commit } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { insertKey } from '../store/keys.ts';
import { createLocalProcesses } from './local-process.ts';

const COOL_DOWN_MILLISECONDS = 5000;
const START_MILLISECONDS = 5 * 60_000;

/** @returns undefined where none are asked for; each start makes a new key for its processes */
export async function openLocalRunners(
  { database, clock }: Dependencies,
  edgeUrl: string,
  maximumRunners: number,
): Promise<{ readonly policy: LaunchPolicy; stop(): void } | undefined> {
  if (maximumRunners === 0) return undefined;
  const id = createIdentifier(clock());
  const { secret, secretSha256 } = createSecret(id);
  const scopes = ['runner' as const];
  const key = { id, name: 'local runners', secretSha256, scopes, createdAt: clock(), revokedAt: null };
  await commit(database, [insertKey(database, key)]);
  const processes = createLocalProcesses({ edgeUrl, key: secret });
  const policy = {
    launcher: processes.launcher,
    maximumRunners,
    coolDownMilliseconds: COOL_DOWN_MILLISECONDS,
    startMilliseconds: START_MILLISECONDS,
  };
  return { policy, stop: () => processes.stop() };
}
