/** What a runner keeps of models, within a limit: what was used longest ago goes first, and never what is in use. */
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { hasCode } from '../../shared/caught.ts';
import { gigabytes } from '../../shared/planner/plan.ts';
import { type Environment, readVariables } from '../../shared/read-variables.ts';
import { UserError } from '../../shared/user-error.ts';

export const CACHE_LIMIT_VARIABLES = {
  RLCD_CACHE_LIMIT_GB: {
    help: 'gigabytes of models that RLCD_CACHE keeps (downloads and conversions); what was used longest ago goes; 100 if not set',
    schema: z.coerce.number('needs a number of gigabytes').positive('needs a number above 0').default(100),
  },
} as const;

/** Folders of the cache whose folders are models: each can be fetched or made again. */
const KINDS = ['hub', 'bases', 'cuda'] as const;
type Kind = (typeof KINDS)[number];

/** One model in one form, with what is being written of it (`NAME.partial-...`). */
interface Kept {
  readonly kind: Kind;
  readonly name: string;
  readonly folders: readonly string[];
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
}

const LOCKS = 'in-use';
/** What was taken out of the way and is being deleted. */
const DROPPED = 'dropped';
/** Beside the lock: how large it will be, told before it is, so that two downloads at once do not exceed the limit together. */
const SIZE = '.bytes';
/** Others hold a lock only while they rename a few folders. */
const WAIT_MILLISECONDS = 30_000;
const BUSY = 5;

/** Nothing more can be dropped. */
class CacheFullError extends UserError {
  override readonly name = 'CacheFullError';
  override readonly code = 'cache-full';
}

/** Lets a model go again. */
export type Release = () => void;

/**
 * The models of a cache folder, which several runners may share. Who uses one holds a shared lock of SQLite on a file of
 * its own, which the system lets go whatever ends the process; it is dropped under the exclusive one.
 */
export class ModelCache {
  readonly #directory: string;
  readonly #limitBytes: number;

  /** @param directory that exists @throws ConfigurationError for a wrong RLCD_CACHE_LIMIT_GB */
  constructor(directory: string, environment: Environment<typeof CACHE_LIMIT_VARIABLES> = process.env) {
    this.#directory = directory;
    this.#limitBytes = readVariables(CACHE_LIMIT_VARIABLES, environment).RLCD_CACHE_LIMIT_GB * 1e9;
  }

  folderOf(kind: Kind, name: string): string {
    return path.join(this.#directory, kind, name);
  }

  /** Holds a model, there or about to be: nobody drops it before it is released or this process ends. */
  use(kind: Kind, name: string): Release {
    const lock = this.#openLock(`${kind}-${name}`, WAIT_MILLISECONDS);
    // A read in a transaction holds the shared lock until it ends.
    lock.exec('BEGIN');
    lock.prepare('SELECT count(*) FROM sqlite_master').get();
    const now = new Date();
    utimesSync(this.#lockFile(kind, name), now, now);
    return () => {
      if (lock.isOpen) lock.close();
    };
  }

  /**
   * Drops models until one of `bytes` fits beside the rest; what is there of it counts as part of that.
   *
   * @throws CacheFullError naming the folder where what is in use leaves too little
   */
  async makeRoom(kind: Kind, name: string, bytes: number): Promise<void> {
    this.#reserve(kind, name, bytes);
    await rm(path.join(this.#directory, DROPPED), { recursive: true, force: true });
  }

  /** In one go, since the lock of another call of this process would never come. */
  #reserve(kind: Kind, name: string, bytes: number): void {
    const whole = this.#openLock('all', WAIT_MILLISECONDS);
    const unused: { readonly kept: Kept; readonly lock: DatabaseSync }[] = [];
    try {
      whole.exec('BEGIN EXCLUSIVE');
      const others = this.#kept().filter((one) => one.kind !== kind || one.name !== name);
      let total = others.reduce((sum, one) => sum + one.bytes, bytes);
      for (const kept of others.toSorted((a, b) => a.usedAt - b.usedAt)) {
        if (total <= this.#limitBytes) break;
        const lock = this.#lockUnused(kept);
        if (lock === undefined) continue;
        unused.push({ kept, lock });
        total -= kept.bytes;
      }
      if (total > this.#limitBytes) {
        const [needed, used] = [gigabytes(bytes), gigabytes(total - bytes)];
        throw new CacheFullError(
          `${this.#directory} keeps ${gigabytes(this.#limitBytes)} of models at most; ${name} takes ${needed}, and ${used} are in use`,
          { cure: 'Set RLCD_CACHE_LIMIT_GB to more, or try again when other tasks have ended' },
        );
      }
      for (const { kept } of unused) this.#drop(kept);
      writeFileSync(`${this.#lockFile(kind, name)}${SIZE}`, String(bytes));
    } finally {
      for (const { lock } of unused) lock.close();
      whole.close();
    }
  }

  /** The exclusive lock of a model; undefined where somebody uses it. */
  #lockUnused({ kind, name }: Kept): DatabaseSync | undefined {
    const lock = this.#openLock(`${kind}-${name}`, 0);
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock.close();
      if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return undefined;
      throw error;
    }
  }

  /** Takes it out of the way at once; deleting takes longer. */
  #drop({ kind, name, folders }: Kept): void {
    const dropped = path.join(this.#directory, DROPPED);
    mkdirSync(dropped, { recursive: true });
    for (const folder of folders) renameSync(folder, path.join(dropped, randomUUID()));
    rmSync(`${this.#lockFile(kind, name)}${SIZE}`, { force: true });
  }

  #kept(): Kept[] {
    const locks = namesIn(path.join(this.#directory, LOCKS)).filter((file) => file.endsWith(SIZE));
    return KINDS.flatMap((kind) => {
      const folder = path.join(this.#directory, kind);
      const byName = Map.groupBy(namesIn(folder), (entry) => entry.replace(/\.partial-.*$/, ''));
      const expected = locks
        .filter((file) => file.startsWith(`${kind}-`))
        .map((file) => file.slice(kind.length + 1, -SIZE.length));
      return [...new Set([...byName.keys(), ...expected])].map((name): Kept => {
        const folders = (byName.get(name) ?? []).map((entry) => path.join(folder, entry));
        const lock = this.#lockFile(kind, name);
        const there = folders.reduce((sum, one) => sum + bytesIn(one), 0);
        return {
          kind,
          name,
          folders,
          bytes: Math.max(there, Number(orNothing(() => readFileSync(`${lock}${SIZE}`, 'utf8')) ?? 0)),
          usedAt: timeOf(lock) ?? timeOf(folders[0] ?? folder) ?? 0,
        };
      });
    });
  }

  #lockFile(kind: Kind, name: string): string {
    return path.join(this.#directory, LOCKS, `${kind}-${name}`);
  }

  /** Lock files stay: another process may wait on the one that would be deleted. */
  #openLock(name: string, timeout: number): DatabaseSync {
    const folder = path.join(this.#directory, LOCKS);
    mkdirSync(folder, { recursive: true });
    return new DatabaseSync(path.join(folder, name), { timeout });
  }
}

function namesIn(folder: string): string[] {
  return orNothing(() => readdirSync(folder)) ?? [];
}

function timeOf(place: string): number | undefined {
  return orNothing(() => statSync(place).mtimeMs);
}

/** Bytes of all files below; files that come and go meanwhile count or do not. */
function bytesIn(folder: string): number {
  const entries = orNothing(() => readdirSync(folder, { recursive: true, withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, name }) => sum + (orNothing(() => statSync(path.join(parentPath, name)).size) ?? 0),
      0,
    );
}

/** Undefined where the place is not there. */
function orNothing<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
