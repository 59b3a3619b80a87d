/** Decides whether a runner is asked for now, asks, and writes the decision down with its reason. */
import { messageWithCause } from '../../../shared/caught.ts';
import type { Database } from '../../store/database.ts';
import { createIdentifier } from '../../store/identifier.ts';
import {
  failLaunch,
  insertLaunch,
  readFleetState,
  setLaunchOutcome,
  type FleetState,
  type LaunchRow,
} from '../../store/launches.ts';
import type { Launcher, LaunchPolicy } from './launcher.ts';

const FIRST_BACK_OFF_MILLISECONDS = 5000;
const LONGEST_BACK_OFF_MILLISECONDS = 10 * 60_000;

/** What to do: `nothing` is not worth a line in the log. */
type Decision = 'nothing' | 'launch' | { readonly skip: string };

/** A host that looks every second does not ask a cluster for its Jobs as often. */
const ASK_MILLISECONDS = 10_000;
const askedAt = new WeakMap<Launcher, number>();

/** Stands in a launch until the launcher has answered, and for good where the edge was stopped before. */
const ASKED = 'asked; no answer yet';

/**
 * Writes down which launches have failed after all: their runners ended before they came. Without it they would count
 * as starting until the time for it is over, and nothing would be tried in their place.
 *
 * @returns whether there were any
 */
async function failEnded(
  database: Database,
  { launcher, startMilliseconds }: LaunchPolicy,
  launches: readonly LaunchRow[],
  now: number,
): Promise<boolean> {
  const waitedFor = launches.filter(
    ({ launcher: name, outcome, arrivedAt, reason, createdAt }) =>
      name === launcher.name &&
      outcome === 'launched' &&
      arrivedAt === null &&
      // Its answer may be under way: what it asked for is not there yet.
      reason !== ASKED &&
      createdAt > now - startMilliseconds,
  );
  if (launcher.findEnded === undefined || waitedFor.length === 0) return false;
  if (now < (askedAt.get(launcher) ?? 0) + ASK_MILLISECONDS) return false;
  askedAt.set(launcher, now);
  let ended: ReadonlyMap<string, string>;
  try {
    ended = await launcher.findEnded(waitedFor.map(({ id }) => id));
  } catch (error) {
    // Nothing is lost by it: the next round asks again, and a launch that is needed meanwhile tells what is wrong.
    console.error(
      `Whether launched runners still come was not told by ${launcher.name}: ${messageWithCause(error)}`,
    );
    return false;
  }
  for (const [id, reason] of ended) await failLaunch(database, id, reason);
  return ended.size > 0;
}

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
  const read = async () => await readFleetState(database, policy.startMilliseconds, now);
  let fleet = await read();
  if (await failEnded(database, policy, fleet.launches, now)) fleet = await read();
  const decision = decide(fleet, policy, now);
  if (decision === 'nothing') return undefined;
  const [newest] = fleet.launches;
  const skipped = typeof decision === 'object';
  const launch: LaunchRow = {
    id: createIdentifier(now),
    launcher: policy.launcher.name,
    outcome: skipped ? 'skipped' : 'launched',
    reason: skipped ? decision.skip : ASKED,
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
