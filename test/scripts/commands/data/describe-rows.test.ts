/** What `rlcd data look` says of a file: what a run would make of it, and what a run lacks. */
import { expect, it } from 'vitest';
import { describeRows } from '../../../../scripts/commands/data/describe-rows.ts';
import { rowsOfBytes } from '../../../../scripts/read-prompt-file.ts';

const told = async (rows: readonly object[]) =>
  describeRows(await rowsOfBytes('x', Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')), {}));
const prompts = (count: number) =>
  Array.from({ length: count }, (_, row) => ({ prompt: `What do ${row} birds eat?` }));

it('tells the splits that the hash will make, and nothing more where they are large enough', async () => {
  const text = await told(prompts(60));
  const [, train = '', dev = '', test = ''] =
    /^splits: train (\d+), dev (\d+), test (\d+), by the hash of each prompt/m.exec(text) ?? [];
  expect(Number(train) + Number(dev) + Number(test)).toBe(60);
  expect(Number(train)).toBeGreaterThan(30);
  expect(text).not.toContain('too few');
});

it('tells what is too few for a run, and rows without a split among others', async () => {
  expect(await told(prompts(1))).toMatch(
    /^1 prompt, 0 with a pair[^]*^too few for a run: .*each needs 2 or more/m,
  );
  const named = ['train', 'train', 'dev', 'dev', 'test', 'test'].map((split, row) => ({
    prompt: `p ${row}`,
    split,
  }));
  expect(await told(named)).toContain('splits: train 2, dev 2, test 2\n');
  expect(await told([...named, { prompt: 'x' }])).toContain('1 row without a split among rows that name one');
});

it('shows the beginning of a long prompt, and how long it is', async () => {
  const text = await told([{ prompt: 'word'.repeat(900) }]);
  expect(text).toContain('... (3600 characters)');
  expect(text.length).toBeLessThan(1000);
});

it('tells prompts that stand more than once, and those that are held out and trained on', async () => {
  expect(await told([...prompts(60), ...prompts(10)])).toContain(
    '10 prompts stood before in the file: intervals',
  );
  const leaking = ['train', 'dev', 'test'].flatMap((split) =>
    prompts(3).map(({ prompt }) => ({ prompt, split })),
  );
  expect(await told(leaking)).toContain('3 prompts of dev or test stand in train, too');
  expect(await told(prompts(60))).not.toMatch(/stood before|in train/);
});
