/**
 * The part of D1's interface that Drizzle uses, over node:sqlite: the same queries and the same limits, so
 * that what passes here passes on D1. The file is one that wrangler keeps, with the same migrations table.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** Limits of D1 that SQLite does not have; a query beyond them would fail only when deployed. */
const MAXIMUM_PARAMETERS = 100;
const MAXIMUM_STATEMENT_BYTES = 100_000;
const MAXIMUM_VALUE_BYTES = 2_000_000;
const STATEMENTS_KEPT = 512;
/** Pages in memory: reading one from the file costs more than most statements. */
const CACHE_KIB = 65_536;
/** Pages in the log before they move into the file, which is then synced as well. */
const CHECKPOINT_PAGES = 4_096;
/** Batches that share a commit at the most, so that nobody waits for a stream of others. */
const MAXIMUM_GROUP = 256;

/** A query went over a limit of D1. */
export class DatabaseLimitError extends Error {
  constructor(what: string, limit: number, sql: string) {
    super(`D1 allows ${limit} ${what}; split this query (json_each for bulk writes): ${sql.slice(0, 200)}`);
    this.name = 'DatabaseLimitError';
  }
}

interface Result {
  readonly success: true;
  readonly results: unknown[];
  readonly meta: { readonly changes: number; readonly last_row_id: number };
}

interface Compiled {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
  /** Whether its rows come as arrays at present. */
  givesArrays: boolean;
}

function readRows(compiled: Compiled, asArrays: boolean, parameters: readonly SQLInputValue[]): unknown[] {
  if (compiled.givesArrays !== asArrays) {
    compiled.statement.setReturnArrays(asArrays);
    compiled.givesArrays = asArrays;
  }
  return compiled.statement.all(...parameters);
}

class NodeStatement {
  readonly #database: NodeDatabase;
  readonly #sql: string;
  readonly #parameters: readonly SQLInputValue[];

  constructor(database: NodeDatabase, sql: string, parameters: readonly SQLInputValue[] = []) {
    if (parameters.length > MAXIMUM_PARAMETERS) {
      throw new DatabaseLimitError('bound parameters', MAXIMUM_PARAMETERS, sql);
    }
    for (const value of parameters) {
      // A character has at most three bytes in UTF-8 for each of its units: short texts need no count.
      if (typeof value !== 'string' || value.length * 3 <= MAXIMUM_VALUE_BYTES) continue;
      if (Buffer.byteLength(value) > MAXIMUM_VALUE_BYTES) {
        throw new DatabaseLimitError('bytes in a value', MAXIMUM_VALUE_BYTES, sql);
      }
    }
    this.#database = database;
    this.#sql = sql;
    this.#parameters = parameters;
  }

  bind(...parameters: readonly SQLInputValue[]): NodeStatement {
    return new NodeStatement(this.#database, this.#sql, parameters);
  }

  /** Runs at once; the asynchronous methods below are D1's names for it. */
  execute(): Result {
    const compiled = this.#database.compile(this.#sql);
    if (compiled.returnsRows) {
      const results = readRows(compiled, false, this.#parameters);
      return { success: true, results, meta: { changes: 0, last_row_id: 0 } };
    }
    const { changes, lastInsertRowid } = compiled.statement.run(...this.#parameters);
    return {
      success: true,
      results: [],
      meta: { changes: Number(changes), last_row_id: Number(lastInsertRowid) },
    };
  }

  async all(): Promise<Result> {
    return this.execute();
  }

  async run(): Promise<Result> {
    return this.execute();
  }

  async raw(): Promise<unknown[]> {
    return readRows(this.#database.compile(this.#sql), true, this.#parameters);
  }
}

/** A batch whose caller waits until it is on the disk. */
interface WaitingBatch {
  readonly statements: readonly NodeStatement[];
  readonly resolve: (results: Result[]) => void;
  readonly reject: (error: unknown) => void;
}

export class NodeDatabase {
  readonly #connection: DatabaseSync;
  /** Nothing in memory outlives a power cut, so nothing is gained by waiting for others. */
  readonly #groupsCommits: boolean;
  #waiting: WaitingBatch[] = [];
  readonly #statements = new Map<string, Compiled>();

  /** @param path a file, or `:memory:` */
  constructor(path: string, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#connection = new DatabaseSync(path, { timeout: 5000, readOnly });
    this.#groupsCommits = path !== ':memory:';
    this.#connection.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY;`);
    // FULL: what a commit acknowledged survives a power cut too.
    if (!readOnly) {
      this.#connection.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`,
      );
    }
  }

  compile(sql: string): Compiled {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (Buffer.byteLength(sql) > MAXIMUM_STATEMENT_BYTES) {
      throw new DatabaseLimitError('bytes in a statement', MAXIMUM_STATEMENT_BYTES, sql);
    }
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
    const statement = this.#connection.prepare(sql);
    const compiled = { statement, returnsRows: statement.columns().length > 0, givesArrays: false };
    this.#statements.set(sql, compiled);
    return compiled;
  }

  prepare(sql: string): NodeStatement {
    return new NodeStatement(this, sql);
  }

  /**
   * One transaction: nothing else runs between its statements, and a failure undoes all of them. Batches that come
   * in the same turn of the event loop share one commit, because writing to the disk takes longer than all of them.
   */
  async batch(statements: readonly NodeStatement[]): Promise<Result[]> {
    if (!this.#groupsCommits)
      return this.transaction(() => statements.map((statement) => statement.execute()));
    return await new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#commitUnlessGrown(1));
      this.#waiting.push({ statements, resolve, reject });
    });
  }

  /** Waits while every turn of the event loop brings another batch; a turn without one takes some microseconds. */
  #commitUnlessGrown(known: number): void {
    const { length } = this.#waiting;
    if (length > known && length < MAXIMUM_GROUP) setImmediate(() => this.#commitUnlessGrown(length));
    else this.#commitWaiting();
  }

  /** Each batch has a savepoint of its own: one that fails undoes itself alone. */
  #commitWaiting(): void {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      const answers = this.transaction(() => group.map((batch) => this.#runInSavepoint(batch)));
      for (const answer of answers) answer();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** @returns what tells the caller, for the time after the commit */
  #runInSavepoint({ statements, resolve, reject }: WaitingBatch): () => void {
    this.compile('SAVEPOINT batch').statement.run();
    try {
      const results = statements.map((statement) => statement.execute());
      this.compile('RELEASE batch').statement.run();
      return () => resolve(results);
    } catch (error) {
      // Fails where the error ended the transaction (a full disk): then nothing of the group was done.
      this.compile('ROLLBACK TO batch').statement.run();
      this.compile('RELEASE batch').statement.run();
      return () => reject(error);
    }
  }

  transaction<T>(work: () => T): T {
    this.compile('BEGIN IMMEDIATE').statement.run();
    try {
      const value = work();
      this.compile('COMMIT').statement.run();
      return value;
    } catch (error) {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** Runs a script of many statements; for migrations. */
  exec(script: string): void {
    this.#connection.exec(script);
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }
}
