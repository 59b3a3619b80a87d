/** The chaos run: the experiments undisturbed, then round after round with faults, each held against them. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf } from '../../../shared/caught.ts';
import { readBaseModel, type NewBaseModel } from '../../experiment/base-model.ts';
import { compareEvidence } from './compare.ts';
import type { Evidence } from './evidence.ts';
import { planRound } from './fault-plan.ts';
import { Machines } from './machines.ts';
import { addProgress, readProgress, type RoundRecord } from './progress.ts';
import { isClean, summarise, type ChaosReport } from './report.ts';
import { runRound } from './run-round.ts';
import type { Struck } from './striker.ts';

/** Rounds that share a store and its processes, each with an experiment of another seed, so that no work is found done. */
const ROUNDS_A_STORE = 10;
const LIMIT_MILLISECONDS = 20 * 60_000;

interface ChaosOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Runs this one alone, and those before it in its store; undefined: all of `rounds`. */
  readonly round?: number | undefined;
  /** No round begins later than so many seconds after the start. */
  readonly budget?: number | undefined;
  readonly model: string;
  /** Undefined: a fresh folder. */
  readonly data?: string | undefined;
}

/** @param log one line a round, for people */
export async function runChaos(
  { rounds, seed, round: only, budget = Infinity, model, data }: ChaosOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<ChaosReport> {
  const deadline = performance.now() + budget * 1000;
  const folder = data === undefined ? await mkdtemp(join(tmpdir(), 'rlcd-chaos-')) : resolve(data);
  await mkdir(folder, { recursive: true });
  const records = await readProgress(folder, seed);
  const last = only ?? rounds - 1;
  let next = only === undefined ? records.length : only - (only % ROUNDS_A_STORE);
  log(`Stores and logs in ${folder}${next > 0 ? `; goes on with round ${next}` : ''}`);
  const common = { model: await readBaseModel(model, join(folder, 'models')), log, signal };
  const references = new References(join(folder, 'undisturbed'), model, common);
  try {
    while (next <= last && performance.now() < deadline) {
      const store = join(folder, `store-${next}`);
      await rm(store, { recursive: true, force: true });
      const machines = await Machines.start(store, model);
      try {
        do {
          const reference = await references.of(next % ROUNDS_A_STORE);
          const record = await runRecorded(machines, { ...common, seed, round: next, reference });
          log(lineOf(record));
          records.push(record);
          if (only === undefined) await addProgress(folder, record);
          next += 1;
          // What is left of a round that failed would disturb the next.
          if (record.fault !== null) break;
        } while (next % ROUNDS_A_STORE !== 0 && next <= last && performance.now() < deadline);
      } finally {
        await machines.stop();
      }
      const isNeeded = records.slice(-ROUNDS_A_STORE).some((record) => !isClean(record));
      if (!isNeeded) await rm(store, { recursive: true, force: true });
    }
  } finally {
    await references.stop();
  }
  return summarise(seed, records);
}

interface Common {
  readonly model: NewBaseModel;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The experiments undisturbed, each run when it is first asked for. */
class References {
  readonly #folder: string;
  readonly #source: string;
  readonly #common: Common;
  readonly #known = new Map<number, Evidence>();
  #machines: Promise<Machines> | undefined;

  /** @param source the model, as the command names it */
  constructor(folder: string, source: string, common: Common) {
    this.#folder = folder;
    this.#source = source;
    this.#common = common;
  }

  async of(seed: number): Promise<Evidence> {
    const known = this.#known.get(seed);
    if (known) return known;
    this.#machines ??= rm(this.#folder, { recursive: true, force: true }).then(() =>
      Machines.start(this.#folder, this.#source),
    );
    const options = { ...this.#common, seed, faults: [], struck: [], limitMilliseconds: LIMIT_MILLISECONDS };
    const { evidence } = await runRound({ ...options, machines: await this.#machines });
    this.#known.set(seed, evidence);
    this.#common.log(
      `Undisturbed experiment of seed ${seed}: ${evidence.documents.size} documents, ${evidence.rows.length} metric rows`,
    );
    return evidence;
  }

  async stop(): Promise<void> {
    await (await this.#machines)?.stop();
  }
}

interface RecordOptions extends Common {
  readonly seed: number;
  readonly round: number;
  readonly reference: Evidence;
}

const NOTHING = {
  differingBytes: 0,
  differingDocuments: [],
  lostMetricRows: 0,
  doubledMetricRows: 0,
  changedMetricRows: 0,
  unfencedWrites: 0,
  healthyLeasesLost: 0,
  serverErrors: 0,
  mended: 0,
  failures: {},
};

/** A round that fails is a finding, not the end of the run. @throws what the signal aborts with */
async function runRecorded(machines: Machines, options: RecordOptions): Promise<RoundRecord> {
  const { seed, round: number, reference, signal } = options;
  const start = performance.now();
  const struck: Struck[] = [];
  const seconds = () => Math.round((performance.now() - start) / 100) / 10;
  try {
    const round = await runRound({
      ...options,
      machines,
      struck,
      seed: number % ROUNDS_A_STORE,
      faults: planRound(seed, number),
      limitMilliseconds: LIMIT_MILLISECONDS,
    });
    const { evidence, ...counts } = round;
    const difference = compareEvidence(reference, evidence);
    return {
      seed,
      round: number,
      fault: null,
      ...difference,
      differingDocuments: [...difference.differingDocuments],
      ...counts,
      failures: { ...counts.failures },
      struck: struck.map(told),
      seconds: seconds(),
    };
  } catch (error) {
    if (signal.aborted) throw error;
    return {
      seed,
      round: number,
      ...NOTHING,
      struck: struck.map(told),
      fault: messageOf(error),
      seconds: seconds(),
    };
  }
}

const told = ({ kind, operation, phase, seconds }: Struck) => ({
  kind,
  point: `${operation} ${phase}`,
  seconds: Math.round(seconds * 100) / 100,
});

function lineOf(record: RoundRecord): string {
  const { round, struck, seconds, fault, failures } = record;
  const faults = struck.map(({ kind, point }) => `${kind} at ${point}`).join(', ');
  const given = Object.entries(failures)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
  const end = fault ?? (isClean(record) ? 'equal' : JSON.stringify(record));
  return `Round ${round}, ${seconds} s: ${faults || 'nothing struck'}${given ? `; ${given}` : ''}: ${end}`;
}
