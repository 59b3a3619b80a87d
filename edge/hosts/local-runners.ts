/** `RLCD_RUNNERS=n` on the Node host: up to n runner processes come up when work waits. */
import type { Dependencies } from '../http/dependencies.ts';
import { createSecret } from '../http/keys.ts';
import type { LaunchPolicy } from '../orchestration/launch/launcher.ts';
import { commit } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { insertKey } from '../store/keys.ts';
import { createLocalProcesses } from './local-process.ts';
import { UserError } from '../../shared/user-error.ts';

const COOL_DOWN_MILLISECONDS = 5000;
const START_MILLISECONDS = 5 * 60_000;
const MOST = 64;

/** RLCD_RUNNERS is no number of runners. */
class LocalRunnersError extends UserError {
  override readonly name = 'LocalRunnersError';
  override readonly code = 'bad-configuration';
}

/** @throws LocalRunnersError where the number is not one */
function readCount(value: string | undefined): number {
  if (value === undefined || value === '') return 0;
  const count = Number(value);
  if (Number.isInteger(count) && count >= 0 && count <= MOST) return count;
  throw new LocalRunnersError(
    `RLCD_RUNNERS is ${JSON.stringify(value)}: set a whole number from 0 to ${MOST}`,
  );
}

/** @returns undefined where the environment asks for none; each start makes a new key for its processes */
export async function openLocalRunners(
  { database, clock }: Dependencies,
  edgeUrl: string,
): Promise<{ readonly policy: LaunchPolicy; stop(): void } | undefined> {
  const maximumRunners = readCount(process.env['RLCD_RUNNERS']);
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
