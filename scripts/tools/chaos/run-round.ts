/** One round: an experiment from its first claim to its end on machines that faults strike, and what it leaves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client } from '../../../shared/api/client.ts';
import { UserError } from '../../../shared/user-error.ts';
import { ensureBaseModel, type NewBaseModel } from '../../experiment/base-model.ts';
import { ensurePrinciple, readPrinciple } from '../../experiment/principle.ts';
import { ensurePrompts, readPrompts } from '../../experiment/prompts.ts';
import { Damage } from './damage.ts';
import { outlastsLease } from './effects.ts';
import { gather, type Evidence } from './evidence.ts';
import type { Fault } from './fault-plan.ts';
import type { Machines } from './machines.ts';
import { TINY } from './settings.ts';
import { Striker, type Struck } from './striker.ts';
import { Watch } from './watch.ts';

const ASK_EVERY_MILLISECONDS = 250;
const SHARDS = 2;

export interface Round {
  readonly evidence: Evidence;
  /** How often tasks were given back or taken away, by the code of the reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Leases that ended although their runner was well. */
  readonly healthyLeasesLost: number;
  readonly unfencedWrites: number;
  readonly serverErrors: number;
  /** Artifacts whose bits had flipped, and that a PUT of the right bytes mended. */
  readonly mended: number;
}

/** The experiment failed, or it did not end. */
class ChaosError extends UserError {
  override readonly name = 'ChaosError';
  override readonly code = 'chaos-failed';
}

/** The same experiment for each seed; its parts are put once into a store. */
async function submit(client: Client, model: NewBaseModel, seed: number): Promise<string> {
  const principle = await readPrinciple('kind-stories');
  const { id } = await client.createExperiment({
    body: {
      method: 'rlcd',
      principle: { name: principle.name, version: await ensurePrinciple(client, principle) },
      promptSet: (await ensurePrompts(client, await readPrompts(undefined))).id,
      baseModel: (await ensureBaseModel(client, model)).id,
      seed,
      shards: SHARDS,
      hyperparameters: TINY,
    },
  });
  return id;
}

interface RoundOptions {
  readonly machines: Machines;
  readonly model: NewBaseModel;
  /** Of the experiment. */
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** Filled with those that strike. */
  readonly struck: Struck[];
  /** After so long the round has failed. */
  readonly limitMilliseconds: number;
  readonly signal: AbortSignal;
}

/** @throws ChaosError when the experiment does not succeed in time */
export async function runRound(options: RoundOptions): Promise<Round> {
  const { machines, model, seed, faults, struck } = options;
  const { client } = machines;
  const watch = new Watch();
  const damage = new Damage(machines.store, client);
  const striker = new Striker({ machines, watch, damage, faults, struck });
  machines.onTraffic = async (runner, point) => await striker.onTraffic(runner, point);
  const experimentId = await submit(client, model, seed);
  await untilSucceeded(experimentId, options);
  await striker.end();
  await machines.restarted();
  const { mended, unmended } = await damage.mend();
  if (unmended > 0)
    throw new ChaosError(`${unmended} damaged artifacts are served wrong behind a PUT of the right bytes`);
  const failures = await countFailures(client, experimentId);
  return {
    evidence: await gather(client, experimentId),
    failures,
    healthyLeasesLost: countHealthyLost(failures, struck),
    unfencedWrites: watch.unfenced,
    serverErrors: watch.serverErrors,
    mended,
  };
}

/** Asks again where the edge cannot be reached or has no room: it may have been struck just now. */
async function untilSucceeded(
  experimentId: string,
  { machines, limitMilliseconds, signal }: RoundOptions,
): Promise<void> {
  const deadline = performance.now() + limitMilliseconds;
  for (;;) {
    signal.throwIfAborted();
    // A victim that does not come up again ends the run here.
    await machines.restarted();
    const experiment = await machines.client
      .getExperiment({ parameters: { experimentId } })
      .catch((error: unknown) => {
        if (error instanceof TypeError || (error instanceof ApiError && error.retryable)) return undefined;
        throw error;
      });
    if (experiment?.status === 'succeeded') return;
    if (experiment?.status === 'failed') {
      throw new ChaosError(`the experiment failed: ${experiment.statusReason}`);
    }
    if (performance.now() > deadline) {
      throw new ChaosError(`the experiment did not end within ${limitMilliseconds / 1000} s`);
    }
    await sleep(ASK_EVERY_MILLISECONDS, undefined, { signal });
  }
}

/** Leases that ended although no fault had kept their runner from them for so long, and none had made it forget them. */
function countHealthyLost(failures: Readonly<Record<string, number>>, struck: readonly Struck[]): number {
  const forgets = ({ kind, operation }: Struck) =>
    kind === 'kill-runner' ||
    (kind === 'flip' && operation === 'put-checkpoint') ||
    // The copy of an idle runner's claim takes a task of which it knows nothing.
    (kind === 'late-copy' && operation === 'claim');
  const beyond = (code: string, due: number) => Math.max(0, (failures[code] ?? 0) - due);
  return (
    beyond('lease-expired', struck.filter(outlastsLease).length) +
    beyond('runner-restarted', struck.filter(forgets).length)
  );
}

async function countFailures(client: Client, experimentId: string): Promise<Record<string, number>> {
  const { stages } = await client.getExperiment({ parameters: { experimentId } });
  const counts: Record<string, number> = {};
  for (const { id: taskId } of stages.flatMap(({ tasks }) => tasks)) {
    const { failures } = await client.getTask({ parameters: { taskId } });
    for (const { code } of failures) counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}
