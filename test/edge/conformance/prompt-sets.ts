/** Conformance of prompt sets: rows in, split, counted, or refused whole with the lines named. */
import { describe, expect, it } from 'vitest';
import { materialiseSplit } from '../../../edge/store/prompt-splits.ts';
import { openArtifact } from '../../../edge/store/artifact-bytes.ts';
import { commit } from '../../../edge/store/database.ts';
import { prompts, promptSets } from '../../../edge/store/schema/index.ts';
import type { Client } from '../../../shared/api/client.ts';
import { storyOpenings } from '../../../shared/principles/kind-stories/story-openings.ts';
import type { Harness } from '../harness.ts';

const jsonLines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const dialogue = (question: string, answer: string) => `\n\nHuman: ${question}\n\nAssistant: ${answer}`;

async function allPrompts(client: Client, promptSetId: string, split?: 'train' | 'dev' | 'test') {
  const found = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.listPrompts({
      parameters: { promptSetId },
      query: { limit: 3, cursor, split },
    });
    found.push(...page.items);
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}

export function promptSetsConformance(start: () => Promise<Harness>): void {
  it('takes prompts with their own splits, counts them, and gives them by page', async () => {
    const { client } = (await start()).clients;
    const rows = [
      { prompt: 'a', split: 'train' },
      { prompt: 'b é 😀', split: 'train' },
      { prompt: 'a', split: 'test' },
      { prompt: 'c', split: 'dev' },
      { prompt: 'b é 😀', split: 'train' },
    ];
    const set = await client.createPromptSet({
      query: { name: 'small', rule: 'field' },
      body: jsonLines(rows).replace('\n', '\n\n'),
    });
    expect(set).toMatchObject({
      name: 'small',
      splitRule: { rule: 'field' },
      counts: {
        train: 3,
        dev: 1,
        test: 1,
        duplicates: 2,
        trainTestOverlap: 1,
        trainDevOverlap: 0,
        leftOut: 0,
      },
    });
    expect(await client.getPromptSet({ parameters: { promptSetId: set.id } })).toEqual(set);
    expect((await client.listPromptSets()).items).toEqual([set]);
    const found = await allPrompts(client, set.id);
    expect(found.map(({ id, prompt, split }) => ({ id, prompt, split }))).toEqual(
      rows.map((row, index) => Object.assign({ id: String(index) }, row)),
    );
    expect((await allPrompts(client, set.id, 'train')).map(({ id }) => id)).toEqual(['0', '1', '4']);
  });

  it('takes dialogues in HH form: the prompt, both responses, and no pair where the sides part early', async () => {
    const { client } = (await start()).clients;
    const set = await client.createPromptSet({
      query: { name: 'hh', rule: 'rows', dev: '0-1', test: '1-2' },
      body: jsonLines([
        { chosen: dialogue('Hi', 'Hello'), rejected: dialogue('Hi', 'Go') },
        { chosen: dialogue('Hi', 'Hello'), rejected: dialogue('Ho', 'Go') },
        { chosen: dialogue('Left', 'out'), rejected: dialogue('Left', 'x') },
      ]),
    });
    const nothing = { turns: null, aside: null };
    expect(set.counts).toMatchObject({ train: 0, dev: 1, test: 1, leftOut: 1, unpaired: 1, duplicates: 1 });
    expect(await allPrompts(client, set.id)).toEqual([
      {
        id: '0',
        split: 'dev',
        prompt: 'Human: Hi\n\nAssistant:',
        chosen: 'Hello',
        rejected: 'Go',
        ...nothing,
      },
      { id: '1', split: 'test', prompt: 'Human: Hi\n\nAssistant:', chosen: null, rejected: null, ...nothing },
    ]);
  });

  it('takes CSV, text, conversations and gzip in UTF-16, keeps other columns aside, and counts rows of no use', async () => {
    const { client } = (await start()).clients;
    const send = async (name: string, mediaType: string, body: BodyInit, promptColumn?: string) => {
      const query = { name, rule: 'hash', train: '1', promptColumn } as const;
      const set = await client.createPromptSet({ query, body }, { headers: { 'content-type': mediaType } });
      return { counts: set.counts, prompts: await allPrompts(client, set.id) };
    };
    const csv = 'id,question\r\n1,"a, ""b"""\n2,\r3,"c\r\nd"';
    const table = await send('table', 'text/csv; charset=utf-8', csv, 'question');
    expect(table.counts).toMatchObject({ train: 2, unusable: { empty: 1 } });
    expect(table.prompts).toMatchObject([
      { id: '0', prompt: 'a, "b"', aside: { id: '1' } },
      { id: '2', prompt: 'c\r\nd', aside: { id: '3' } },
    ]);
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Say \n\nHuman: no' },
      { role: 'assistant', content: 'No.' },
    ];
    const utf16 = Buffer.from(`\ufeff${JSON.stringify([{ messages }])}`, 'utf16le');
    const stream = new Blob([utf16]).stream().pipeThrough(new CompressionStream('gzip'));
    const chat = await send('chat', 'application/json', await new Response(stream).arrayBuffer());
    expect(chat.prompts).toMatchObject([
      {
        prompt: 'Be brief.\n\nHuman: Say \n\nHuman: no\n\nAssistant:',
        turns: [
          { role: 'system', text: 'Be brief.' },
          { role: 'user', text: 'Say \n\nHuman: no' },
        ],
      },
    ]);
    const text = await send('text', 'text/plain', 'one\r\n\r\ntwo\rthree');
    expect(text.prompts.map(({ prompt }) => prompt)).toEqual(['one', 'two', 'three']);
    await expect(send('other', 'application/xml', '<a/>')).rejects.toMatchObject({
      problem: { status: 415 },
    });
  });

  it('splits by hash: equal prompts meet in one split, and the shares are kept', async () => {
    const { client } = (await start()).clients;
    const texts = Array.from({ length: 2000 }, (_, index) => ({ prompt: `prompt ${index % 1000}` }));
    const create = async (name: string) =>
      await client.createPromptSet({
        query: { name, rule: 'hash', train: '0.8', dev: '0.1', test: '0.1' },
        body: jsonLines(texts),
      });
    const { counts } = await create('hashed');
    expect(counts).toMatchObject({ duplicates: 1000, trainTestOverlap: 0, trainDevOverlap: 0, leftOut: 0 });
    // 1,000 different prompts: five standard deviations of a binomial count, doubled by the repetition.
    expect(Math.abs(counts.train - 1600)).toBeLessThan(2 * 5 * Math.sqrt(1000 * 0.8 * 0.2));
    expect(counts.train + counts.dev + counts.test).toBe(2000);
    expect((await create('hashed-again')).counts).toEqual(counts);
  });

  it('takes the shipped openings of kind stories', async () => {
    const { client } = (await start()).clients;
    const openings = storyOpenings();
    const { counts } = await client.createPromptSet({
      query: { name: 'kind-stories', rule: 'field' },
      body: jsonLines(openings.map(({ text, split }) => ({ prompt: text, split }))),
    });
    const of = (split: string) => openings.filter((opening) => opening.split === split).length;
    expect(counts).toMatchObject({ train: of('train'), dev: of('dev'), test: of('test'), duplicates: 0 });
  });

  describe('refusals', () => {
    it('names every refused line with its reason and writes nothing', async () => {
      const { clients, database } = await start();
      const body = [
        '{"prompt":"fine"}',
        '{"prompt":3}',
        '{"question":"a","more":1}',
        '{"prompt":',
        '',
        '[1]',
        '{"chosen":"no other"}',
        '{"prompt":"b","split":"train"}',
        `{"messages":[{"role":"robot","content":"a"}]}`,
        `{"prompt":"${'x'.repeat(400_000)}"}`,
        '{"prompt":"a\\u0000"}',
      ].join('\n');
      const refused = await clients.client
        .createPromptSet({ query: { name: 'bad', rule: 'hash', train: '1' }, body })
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ problem: { status: 400 } });
      const { errors } = (refused as { problem: { errors: { pointer: string; detail: string }[] } }).problem;
      expect(errors.map(({ pointer }) => pointer)).toEqual(
        [2, 3, 4, 6, 7, 8, 9, 10, 11].map((line) => `line ${line}`),
      );
      expect(errors[1]?.detail).toContain('"question", "more"');
      expect(errors[1]?.detail).toContain('promptColumn');
      expect(errors[4]?.detail).toContain('rejected: is missing');
      expect(errors[5]?.detail).toContain('rule "field"');
      expect(await database.select().from(promptSets)).toEqual([]);
    });

    it('takes back what was written before a late row was refused', async () => {
      const { clients, database } = await start();
      const long = Array.from({ length: 60 }, (_, index) => ({ prompt: `${index}${'x'.repeat(40_000)}` }));
      const refused = clients.client.createPromptSet({
        query: { name: 'late', rule: 'hash', train: '1' },
        body: `${jsonLines(long)}oops`,
      });
      await expect(refused).rejects.toMatchObject({ problem: { status: 400 } });
      expect(await database.select().from(promptSets)).toEqual([]);
      expect(await database.select({ position: prompts.position }).from(prompts)).toEqual([]);
    });

    it('refuses bytes that are not UTF-8, an upload without rows, a taken name and rules that do not fit', async () => {
      const { client } = (await start()).clients;
      const body = jsonLines([{ prompt: 'a' }]);
      const send = async (query: object, bytes: BodyInit = body) =>
        await client
          .createPromptSet({ query: { name: 'set', rule: 'hash', train: '1', ...query }, body: bytes })
          .then(() => 'taken')
          .catch(
            (error: unknown) =>
              (error as { problem: { status: number; errors?: { pointer: string }[] } }).problem,
          );
      expect(await send({}, new Uint8Array([123, 0xff, 125]))).toMatchObject({
        errors: [{ pointer: 'line 1' }],
      });
      expect(await send({}, '\n \n')).toMatchObject({ status: 400 });
      expect(await send({ train: '0.5' })).toMatchObject({ errors: [{ pointer: 'train' }] });
      expect(await send({ train: '0-3' })).toMatchObject({ errors: [{ pointer: 'train' }] });
      expect(await send({ rule: 'field' })).toMatchObject({ errors: [{ pointer: 'train' }] });
      expect(await send({ rule: 'rows', train: '5-5' })).toMatchObject({ errors: [{ pointer: 'train' }] });
      expect(await send({ rule: 'rows', train: '0-5', dev: '4-' })).toMatchObject({ status: 400 });
      expect(await send({ rule: 'rows', train: undefined })).toMatchObject({ status: 400 });
      expect(await send({})).toBe('taken');
      expect(await send({})).toMatchObject({ status: 409 });
    });
  });

  it('has one effect for one idempotency key, and tells other bytes of the same length apart', async () => {
    const { client } = (await start()).clients;
    const send = async (prompt: string) =>
      await client.createPromptSet(
        { query: { name: 'once', rule: 'hash', train: '1' }, body: jsonLines([{ prompt }]) },
        { idempotencyKey: 'upload-1' },
      );
    const first = await send('aaa');
    expect(await send('aaa')).toEqual(first);
    await expect(send('bbb')).rejects.toMatchObject({ problem: { status: 422 } });
    expect((await client.listPromptSets()).items).toHaveLength(1);
  });

  it('deletes a set with its prompts', async () => {
    const { clients, database } = await start();
    const { id } = await clients.client.createPromptSet({
      query: { name: 'gone', rule: 'hash', train: '1' },
      body: jsonLines([{ prompt: 'a' }]),
    });
    const parameters = { promptSetId: id };
    await clients.client.deletePromptSet({ parameters });
    await expect(clients.client.getPromptSet({ parameters })).rejects.toMatchObject({
      problem: { status: 404 },
    });
    expect(await database.select().from(prompts)).toEqual([]);
  });

  it('writes a split out as JSON lines, the same bytes every time', async () => {
    const harness = await start();
    const { client } = harness.clients;
    const rows = Array.from({ length: 450 }, (_, index) => ({
      prompt: `tale ${index} “é”`,
      split: index % 2 ? 'train' : 'dev',
    }));
    const names = ['first', 'second'];
    const made = [];
    for (const name of names) {
      const { id } = await client.createPromptSet({ query: { name, rule: 'field' }, body: jsonLines(rows) });
      const split = await materialiseSplit(harness, id, 'train', 1);
      await commit(harness.database, split.writes);
      expect(await materialiseSplit(harness, id, 'train', 2)).toEqual({ ...split, writes: [] });
      await expect(materialiseSplit(harness, id, 'test', 3)).rejects.toMatchObject({
        code: 'conflict',
      });
      made.push(split);
    }
    const [first, second] = made;
    expect(first).toMatchObject({ rows: 225 });
    expect(second?.sha256).toBe(first?.sha256);
    const stream = await openArtifact(harness, first?.sha256 ?? '');
    const expected = rows.flatMap(({ prompt, split }, index) =>
      split === 'train' ? [{ id: String(index), prompt }] : [],
    );
    expect(await new Response(stream).text()).toBe(jsonLines(expected));
  });
}
