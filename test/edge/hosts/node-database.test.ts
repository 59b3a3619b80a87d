/** The D1-shaped class over node:sqlite: limits, atomic batches, and a file that survives. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { migrate } from '../../../edge/hosts/migrate-node.ts';
import { DatabaseLimitError, NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { createFolder } from '../node-store.ts';

it('refuses what D1 would refuse', async () => {
  const database = new NodeDatabase(':memory:');
  const bind = (count: number) => () => database.prepare('SELECT 1').bind(...Array<number>(count).fill(1));
  expect(bind(101)).toThrow(DatabaseLimitError);
  expect(bind(100)).not.toThrow();
  expect(() => database.prepare('SELECT ?').bind('é'.repeat(1_000_001))).toThrow(/2000000 bytes in a value/);
  await expect(database.prepare(`SELECT '${'x'.repeat(100_000)}'`).all()).rejects.toThrow(DatabaseLimitError);
});

it('undoes a whole batch when one statement fails', async () => {
  const database = new NodeDatabase(':memory:');
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)');
  const insert = (id: number) => database.prepare('INSERT INTO t VALUES (?)').bind(id);
  await database.batch([insert(1), insert(2)]);
  await expect(database.batch([insert(3), insert(1)])).rejects.toThrow(/UNIQUE/);
  expect(await database.prepare('SELECT id FROM t ORDER BY id').raw()).toEqual([[1], [2]]);
});

it('commits batches of one turn together, each whole or not at all, before it answers', async () => {
  const path = join(createFolder(), 'group.sqlite');
  const database = new NodeDatabase(path);
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)');
  const other = new DatabaseSync(path);
  const seen = () =>
    other
      .prepare('SELECT id FROM t ORDER BY id')
      .all()
      .map(({ id }) => id);
  const version = () => other.prepare('PRAGMA data_version').get();
  const insert = (id: number) => database.prepare('INSERT INTO t VALUES (?)').bind(id);
  const settled = await Promise.allSettled(
    [[1], [2, 3], [4, 1], [5], [6, 2]].map(async (ids) => {
      await database.batch(ids.map(insert));
      // Whoever is told finds it on the disk.
      expect(seen()).toEqual(expect.arrayContaining(ids));
    }),
  );
  expect(settled.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'rejected',
  ]);
  expect(seen()).toEqual([1, 2, 3, 5]);
  const before = version();
  await Promise.all([database.batch([insert(7)]), database.batch([insert(8)])]);
  expect(version()).not.toEqual(before);
  await expect(database.batch([insert(7)])).rejects.toThrow(/UNIQUE/);
  expect(await database.batch([database.prepare('SELECT count(*) AS n FROM t').bind()])).toMatchObject([
    { results: [{ n: 6 }] },
  ]);
  expect(database.prepare('PRAGMA synchronous').execute().results).toEqual([{ synchronous: 2 }]);
  other.close();
  database.close();
});

it('applies each migration once and keeps the file for the next start', async () => {
  const path = join(createFolder(), 'store.sqlite');
  const first = new NodeDatabase(path);
  migrate(first);
  first.prepare("INSERT INTO principles (id, name, created_at) VALUES ('a', 'kind', 1)").execute();
  first.close();
  const second = new NodeDatabase(path);
  migrate(second);
  expect((await second.prepare('SELECT name FROM principles').all()).results).toEqual([{ name: 'kind' }]);
  const applied = await second
    .prepare('SELECT count(*) AS n, count(DISTINCT name) AS d FROM d1_migrations')
    .raw();
  expect(applied[0]).toEqual([expect.any(Number), (applied[0] as number[])[0]]);
  second.close();
});

it('refuses a store that a newer version has written, by the name of its migration', () => {
  const database = new NodeDatabase(':memory:');
  migrate(database);
  database.prepare("INSERT INTO d1_migrations (name) VALUES ('20991231000000_later.sql')").execute();
  expect(() => migrate(database)).toThrow(/newer version.*20991231000000_later\.sql/);
  database.close();
});
