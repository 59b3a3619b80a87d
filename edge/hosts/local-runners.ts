/** `RLCD_RUNNERS=n` on the Node host: up to n runner processes come up when work waits. */
import type { Dependencies } from '../http/dependencies.ts';
import { createSecret } from '../http/keys.ts';
import type { LaunchPolicy } from '../orchestration/launch/launcher.ts';
import { commit } from '../store/database.ts';
import { findKey, renewKey } from '../store/keys.ts';
import { failLaunch } from '../store/launches.ts';
import { createLocalProcesses } from './local-process.ts';

const COOL_DOWN_MILLISECONDS = 5000;
const START_MILLISECONDS = 5 * 60_000;

/**
 * The id of their key. It is the same after every start, and so a runner's id stays this key's; only its secret is new,
 * which ends what an earlier start let out. It is new, too, where somebody has revoked or rotated the key meanwhile: that
 * ends the secret that leaked and the runners that have it, and the next ones come up with another.
 */
const KEY_ID = '00000000-0000-7000-8000-000000000001';

/** @param script in the place of the product's runner, for tests @returns undefined where none are asked for */
export async function openLocalRunners(
  { database, clock }: Dependencies,
  edgeUrl: string,
  maximumRunners: number,
  script?: string,
): Promise<{ readonly policy: LaunchPolicy; stop(): void } | undefined> {
  if (maximumRunners === 0) return undefined;
  const renew = async () => {
    const made = createSecret(KEY_ID);
    const { secretSha256 } = made;
    const scopes = ['runner' as const];
    const key = {
      id: KEY_ID,
      name: 'local runners',
      secretSha256,
      scopes,
      createdAt: clock(),
      revokedAt: null,
    };
    await commit(database, [renewKey(database, key)]);
    return made;
  };
  let known = await renew();
  const processes = createLocalProcesses({
    edgeUrl,
    async key() {
      const stored = await findKey(database, KEY_ID);
      const isGood = stored?.revokedAt === null && stored.secretSha256 === known.secretSha256;
      if (!isGood) known = await renew();
      return known.secret;
    },
    onFailed: async (launchId, reason) =>
      await failLaunch(database, launchId, reason, clock() - START_MILLISECONDS),
    ...(script === undefined ? {} : { script }),
  });
  const policy = {
    launcher: processes.launcher,
    maximumRunners,
    coolDownMilliseconds: COOL_DOWN_MILLISECONDS,
    startMilliseconds: START_MILLISECONDS,
  };
  return { policy, stop: () => processes.stop() };
}
