/** Decides whether a runner is asked for now, asks, and writes the decision down with its reason. */
import type { Database } from '../../store/database.ts';
import { createIdentifier } from '../../store/identifier.ts';
import {
  insertLaunch,
  readFleetState,
  setLaunchOutcome,
  type FleetState,
  type LaunchRow,
} from '../../store/launches.ts';
import type { LaunchPolicy } from './launcher.ts';

const FIRST_BACK_OFF_MILLISECONDS = 5000;
const LONGEST_BACK_OFF_MILLISECONDS = 10 * 60_000;

/** What to do: `nothing` is not worth a line in the log. */
type Decision = 'nothing' | 'launch' | { readonly skip: string };

/** Failures since the last launch that went well. */
function failuresInARow(launches: readonly LaunchRow[]): LaunchRow[] {
  const asked = launches.filter(({ outcome }) => outcome !== 'skipped');
  const end = asked.findIndex(({ outcome }) => outcome === 'launched');
  return end === -1 ? asked : asked.slice(0, end);
}

/** The rules, without effects. */
function decide(fleet: FleetState, policy: LaunchPolicy, now: number): Decision {
  const { queuedTasks, idleRunners, startingRunners, liveRunners, launches } = fleet;
  if (queuedTasks === 0 || idleRunners + startingRunners >= queuedTasks) return 'nothing';
  if (liveRunners + startingRunners >= policy.maximumRunners) {
    return { skip: `${policy.maximumRunners} runners are alive or starting, the most that are allowed` };
  }
  const failures = failuresInARow(launches);
  const [lastFailure] = failures;
  if (lastFailure) {
    const backOff = Math.min(
      FIRST_BACK_OFF_MILLISECONDS * 2 ** (failures.length - 1),
      LONGEST_BACK_OFF_MILLISECONDS,
    );
    if (now < lastFailure.createdAt + backOff) {
      return { skip: `backing off for ${backOff / 1000} s after ${failures.length} failed launches` };
    }
  }
  const launched = launches.find(({ outcome }) => outcome === 'launched');
  if (launched && now < launched.createdAt + policy.coolDownMilliseconds) {
    return { skip: `cooling down for ${policy.coolDownMilliseconds / 1000} s after a launch` };
  }
  return 'launch';
}

/** @returns the decision as it stands in the log; undefined where there was nothing to decide */
export async function reconcile(
  database: Database,
  policy: LaunchPolicy,
  now: number,
): Promise<LaunchRow | undefined> {
  const fleet = await readFleetState(database, policy.startMilliseconds, now);
  const decision = decide(fleet, policy, now);
  if (decision === 'nothing') return undefined;
  const [newest] = fleet.launches;
  const skipped = typeof decision === 'object';
  const launch: LaunchRow = {
    id: createIdentifier(now),
    launcher: policy.launcher.name,
    outcome: skipped ? 'skipped' : 'launched',
    reason: skipped ? decision.skip : 'asked; no answer yet',
    queuedTasks: fleet.queuedTasks,
    liveRunners: fleet.liveRunners,
    createdAt: now,
    arrivedAt: null,
  };
  if (skipped && newest?.outcome === 'skipped' && newest.reason === launch.reason) return newest;
  // Written before it is asked: of two that decide at the same time one asks, and a cut-off launch is known.
  if (!(await insertLaunch(database, launch, newest?.id))) return undefined;
  if (skipped) return launch;
  const { queuedTasks, liveRunners } = fleet;
  const { launcher, maximumRunners } = policy;
  const answer = await launcher.launch({
    launchId: launch.id,
    time: now,
    queuedTasks,
    liveRunners,
    maximumRunners,
  });
  await setLaunchOutcome(database, launch.id, answer);
  return { ...launch, ...answer };
}
