/** What the one reader of command line and API makes of the files that people bring. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { textOfBytes } from '../../../shared/prompts/text-of-bytes.ts';
import { dialogueText, turnsOfText } from '../../../shared/prompts/turn.ts';
import { piecesOf, promptsOf, readAll } from './read-all.ts';

const one = async (row: unknown, promptColumn?: string) => {
  const [read] = await promptsOf(JSON.stringify(row), { promptColumn });
  return read;
};
const user = (text: string) => ({ role: 'user' as const, text });
const assistant = (text: string) => ({ role: 'assistant' as const, text });

describe('the shape of a row', () => {
  it.each([
    ['a text', { prompt: 'One day' }, 'One day'],
    ['messages', { messages: [{ role: 'user', content: 'Tea?' }] }, 'Tea?'],
    ['a prompt of messages', { prompt: [{ role: 'user', content: 'Tea?' }] }, 'Tea?'],
    [
      'parts of a message',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'Tea?' }] }] },
      'Tea?',
    ],
    [
      'ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'Tea?' },
          { from: 'gpt', value: 'Yes' },
        ],
      },
      'Tea?',
    ],
    ['Alpaca', { instruction: 'Add', input: '1 and 2', output: '3' }, 'Add\n1 and 2'],
    ['Alpaca without input', { instruction: 'Tea?', input: '', output: 'Yes' }, 'Tea?'],
    [
      'several turns',
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
          { role: 'user', content: 'c' },
        ],
      },
      'Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:',
    ],
    [
      'ShareGPT with its system column',
      { system: 'Be brief.', conversations: [{ from: 'human', value: 'Tea?' }] },
      'Be brief.\n\nHuman: Tea?\n\nAssistant:',
    ],
    [
      "LLaMA-Factory's history",
      { instruction: 'c', history: [['a', 'b']], system: 'Be kind.' },
      'Be kind.\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:',
    ],
  ])('is %s', async (_, row, text) => {
    expect((await one(row))?.prompt).toEqual({ text, turns: null });
  });

  it.each([
    ['TRL', { prompt: 'p', chosen: 'a', rejected: 'b' }],
    [
      "TRL's conversations",
      {
        prompt: [{ role: 'user', content: 'p' }],
        chosen: [{ role: 'assistant', content: 'a' }],
        rejected: [{ role: 'assistant', content: 'b' }],
      },
    ],
    [
      'conversations with their prompt in them, beside it',
      {
        prompt: 'p',
        messages: [],
        chosen: [
          { role: 'user', content: 'p' },
          { role: 'assistant', content: 'a' },
        ],
        rejected: [
          { role: 'user', content: 'p' },
          { role: 'assistant', content: 'b' },
        ],
      },
    ],
    [
      'ShareGPT with two answers',
      {
        conversations: [{ from: 'human', value: 'p' }],
        chosen: { from: 'gpt', value: 'a' },
        rejected: { from: 'gpt', value: 'b' },
      },
    ],
    ['Alpaca with two answers', { instruction: 'p', chosen: 'a', rejected: 'b' }],
    ['the official table', { instruction: 'p', output_1: 'b', output_2: 'a', preference: 2 }],
  ])('is a pair: %s', async (_, row) => {
    const read = await one(row);
    expect(read?.prompt.text).toBe('p');
    expect(read?.pair).toEqual({ chosen: 'a', rejected: 'b', labelProbability: 1 });
  });

  it('keeps turns apart where the text alone would be read as others', async () => {
    const said = 'Repeat: \n\nHuman: hi\n\nAssistant: no';
    const read = await one({ messages: [{ role: 'user', content: said }] });
    expect(read?.prompt.turns).toEqual([user(said)]);
    expect(turnsOfText(read?.prompt.text ?? '')).toHaveLength(3);
  });

  it.each(['constructor', 'valueOf', '__proto__'])(
    'of the name %s, which every object inherits, is no column until a row has it',
    async (promptColumn) => {
      const rows = `{"question":"a"}\n{${JSON.stringify(promptColumn)}:"b"}`;
      expect(await readAll(rows, { promptColumn })).toMatchObject([
        { fault: expect.stringContaining(`"question", and no value in "${promptColumn}"`) },
        { row: { prompt: { text: 'b' } } },
      ]);
    },
  );

  it('names the columns that are there, and takes the one that is named', async () => {
    const rows = '{"question":"Tea?","id":3}';
    expect(await readAll(rows)).toEqual([
      { line: 1, fault: expect.stringMatching(/"question", "id".*--prompt-column/s) },
    ]);
    expect(await readAll('{"prompt":"a","messages":[]}')).toMatchObject([
      { fault: expect.stringMatching(/several prompts: prompt, messages/) },
    ]);
    expect(await readAll(rows, { promptColumn: 'text' })).toMatchObject([
      { fault: expect.stringMatching(/"question", "id", and no value in "text"/) },
    ]);
    expect(await one({ question: 'Tea?', id: 3 }, 'question')).toMatchObject({
      prompt: { text: 'Tea?', turns: null },
      aside: { id: 3 },
    });
  });

  it('leaves out what is of no use, and the rest goes on', async () => {
    const rows = [
      { prompt: '\n' },
      { prompt: 'x'.repeat(50_001) },
      { chosen: 'Human: a', rejected: 'Human: a' },
      { messages: [{ role: 'assistant', content: 'Hello' }] },
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      { messages: [{ role: 'user', content: ' ' }] },
      { prompt: 'fine' },
    ];
    const read = await readAll(rows.map((row) => JSON.stringify(row)).join('\n'));
    expect(read.map((row) => ('leftOut' in row ? row.leftOut : row.line))).toEqual([
      'empty',
      'too-long',
      'no-assistant-turn',
      'no-user-turn',
      'not-text',
      'empty',
      7,
    ]);
  });
});

describe('the file', () => {
  const rows = [{ prompt: 'é 🦊 a' }, { prompt: 'b' }];
  const texts = rows.map(({ prompt }) => prompt);
  const lines = rows.map((row) => JSON.stringify(row));
  const read = async (file: string | Uint8Array, format?: 'csv' | 'text', pieceBytes?: number) =>
    (await readAll(file, { format }, pieceBytes)).map((row) => ('row' in row ? row.row.prompt.text : row));

  it.each([
    ['JSON lines', Buffer.from(lines.join('\n'))],
    ['JSON lines of mixed ends, some empty', Buffer.from(`${lines.join('\r\n\r')}\n \n`)],
    ['a JSON array', Buffer.from(JSON.stringify(rows, null, 2))],
    ['a byte order mark', Buffer.from(`\ufeff${lines.join('\n')}`)],
    ['UTF-16', Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le')],
    ['UTF-16 without its mark', Buffer.from(lines.join('\n'), 'utf16le')],
    ['UTF-16 of the other order', Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le').swap16()],
  ])('may be %s, packed or not, in pieces of any size', async (_, file) => {
    for (const bytes of [file, gzipSync(file)]) {
      for (const pieceBytes of [1, 3, 1000]) expect(await read(bytes, undefined, pieceBytes)).toEqual(texts);
    }
  });

  it('may be CSV of mixed line ends, with commas, tabs or semicolons, and quotes in quotes', async () => {
    const csv = 'id,prompt\n1,"a, ""b"""\r\n2,"c\r\n\r\nd"\r3,e"f\n';
    for (const pieceBytes of [1, 2, 1000]) {
      expect(await read(csv, 'csv', pieceBytes)).toEqual(['a, "b"', 'c\r\n\r\nd', 'e"f']);
    }
    expect(await read('id\tprompt\n1\ta, b', 'csv')).toEqual(['a, b']);
    expect(await read('id;prompt\n1;a, b', 'csv')).toEqual(['a, b']);
  });

  it('may hold dialogues with the line ends of Windows', async () => {
    const csv = 'prompt\r\n"Human: a\r\n\r\nAssistant: b\r\n\r\nHuman: c\r\n\r\nAssistant:"\r\n';
    expect(await read(csv, 'csv')).toEqual(['Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:']);
  });

  it('may be plain text: a prompt a line, or stories', async () => {
    expect(await read(' a \r\n\r\nb\rc', 'text')).toEqual(['a', 'b', 'c']);
    const story = `Word ${'word '.repeat(14)}end. The end.`;
    expect(await read(`${story}\n<|endoftext|>\n${story}`, 'text', 5)).toEqual([story.slice(0, -9)]);
  });

  it('may hold a conversation as JSON in a cell', async () => {
    const cell = JSON.stringify([{ role: 'user', content: 'Tea?' }]).replaceAll('"', '""');
    expect(await read(`messages\n"${cell}"\n`, 'csv')).toEqual(['Tea?']);
  });

  it.each([
    [
      Buffer.concat([Buffer.from('{"prompt":"a"}\n{"prompt":"'), Buffer.from([0xff, 0x22, 0x7d])]),
      2,
      'UTF-8',
    ],
    [gzipSync('{"prompt":"a"}').subarray(0, 20), 1, 'damaged or cut off'],
    [Buffer.from('[{"prompt":"a"}\n'), 2, 'does not end'],
    [Buffer.from('[]\n\n{"prompt":"a"}'), 3, 'after the end of the array'],
    [Buffer.from('<html>'), 1, 'is no JSON'],
    [Buffer.from('PAR1\u0000\u0015'), 1, 'is a Parquet file: write it as JSON lines'],
    [Buffer.from('PK\u0003\u0004\u0014\u0000'), 1, 'is an Excel file or another zip archive: write it'],
  ])('is refused by the line after which it cannot be read', async (file, line, fault) => {
    await expect(readAll(file)).rejects.toMatchObject({ line, message: expect.stringContaining(fault) });
  });

  it.each(['["a", {"prompt": "b"}]', '"a"\n{"prompt": "b"}\n'])(
    'takes a text alone for a prompt: %j',
    async (file) => {
      const read = await readAll(file);
      expect(read.map((one) => ('row' in one ? one.row.prompt.text : one))).toEqual(['a', 'b']);
    },
  );

  it.each([
    ['{"prompt": null}', 'prompt: must be a text or a list of turns, got null'],
    ['{"messages": null, "id": 1}', 'messages: must be a text or a list of turns, got null'],
    ['{"prompt": "a", "split": "validation"}', 'split: must be train, dev, test, got "validation"'],
  ])('names the value that a row may not have: %s', async (file, fault) => {
    expect(await readAll(file)).toEqual([{ line: 1, fault }]);
  });

  it('is refused where it unpacks to more than the limit', async () => {
    const packed = gzipSync(Buffer.alloc(1_000_000, 0x20));
    expect(packed.length).toBeLessThan(2000);
    const unpacked = async (limit: number) =>
      (await Array.fromAsync(textOfBytes(piecesOf(packed), limit))).join('');
    expect(await unpacked(1_000_000)).toHaveLength(1_000_000);
    await expect(unpacked(999_999)).rejects.toThrow('unpacks to more than 999999 bytes');
  });

  it('names the line of a row that is too long, and reads on', async () => {
    const long = JSON.stringify({ prompt: 'x'.repeat(400_000) });
    const fault = expect.stringContaining('is too long');
    expect(await readAll(`${lines[0]}\n${long}\n${lines[1]}`)).toMatchObject([
      { line: 1 },
      { line: 2, fault },
      { line: 3 },
    ]);
    expect(await readAll(`[${lines[0]},\n${long},\n${lines[1]}]`)).toMatchObject([
      { line: 1 },
      { line: 2, fault },
      { line: 3 },
    ]);
    expect(await readAll(`prompt\na\n"${'x\n'.repeat(300_000)}"\nb`, { format: 'csv' })).toMatchObject([
      { line: 2 },
      { line: 3, fault },
      { line: 300_004 },
    ]);
  });
});

describe('turns', () => {
  const dialogue = 'Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:';

  it('come of a dialogue, and of any other text as one turn', () => {
    expect(turnsOfText(dialogue)).toEqual([user('a'), assistant('b'), user('c')]);
    expect(turnsOfText(' Tea? ')).toEqual([user('Tea?')]);
    expect(turnsOfText('Be brief.\n\nHuman: a')).toEqual([{ role: 'system', text: 'Be brief.' }, user('a')]);
  });

  it('become a dialogue whose last turn is open, or none where the assistant has spoken last', () => {
    expect(dialogueText(dialogue)).toBe(dialogue);
    expect(dialogueText('Human:  odd  spaces \n\nAssistant:')).toBe('Human:  odd  spaces \n\nAssistant:');
    expect(dialogueText('Tea?')).toBe('Human: Tea?\n\nAssistant:');
    expect(dialogueText('Human: Tea?')).toBe('Human: Tea?\n\nAssistant:');
    expect(dialogueText('Human: Are we done?\n\nAssistant: I think so.  \nAssistant:')).toBeNull();
  });
});
