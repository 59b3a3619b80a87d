/** Properties over the 2,312 real dialogue pairs of HH harmless-base, test split. */
import { describe, expect, it } from 'vitest';
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import { filterDialogueResponse } from '../../../shared/dialogue/filter-dialogue-response.ts';
import { pairOfHhRow, parseHhRows } from '../../../shared/dialogue/hh-rows.ts';
import { rowsOfPaperSplit } from '../../../shared/dialogue/paper-splits.ts';
import { promptOfDialogue } from '../../../shared/dialogue/prompt-of-dialogue.ts';
import { harmlessness } from '../../../shared/principles/harmlessness.ts';
import { promptsOf } from '../prompts/read-all.ts';
import { readSharedData } from '../read-shared-data.ts';

const file = readSharedData('data/hh-rlhf-harmless-base-test/test.jsonl.gz');

describe.skipIf(file === null)('2,312 real dialogues', () => {
  const rows = parseHhRows(file ?? '');

  it('are all read, and split as in the paper', () => {
    expect(rows).toHaveLength(2312);
    expect(rowsOfPaperSplit('dev', rows)).toEqual(rows.slice(0, 1000));
    expect(rowsOfPaperSplit('test', rows)).toEqual(rows.slice(1000, 2000));
  });

  // The response of row 1560 holds a line that begins with "Assistant:". The paper's cut would leave a prompt without a
  // final turn there, which the official code samples without any contrast; that line is the response's text here.
  const lineWithLabel = 1560;

  it('all end with a turn label, and are cut where the paper cuts them but for one', () => {
    const cut = (dialogue: string) => dialogue.slice(0, dialogue.lastIndexOf('Assistant:') + 10).trim();
    const different = rows.flatMap(({ chosen }, row) => {
      const prompt = promptOfDialogue(chosen);
      expect(prompt.endsWith('\n\nAssistant:')).toBe(true);
      return prompt === cut(chosen) ? [] : [row];
    });
    expect(different).toEqual([lineWithLabel]);
  });

  it('are each taken by the reader, as the prompts and pairs that they were', async () => {
    const read = await promptsOf(file ?? '');
    expect(read.map(({ prompt }) => prompt)).toEqual(
      rows.map(({ chosen }) => ({ text: promptOfDialogue(chosen), turns: null })),
    );
    expect(read.map(({ pair }) => pair?.rejected)).toEqual(rows.map((row) => pairOfHhRow(row)?.rejected));
  });

  it('give prompts whose affixes sit where the paper puts them, and come off again', () => {
    for (const [row, { chosen }] of rows.entries()) {
      const pair = harmlessness.affixPairs[row % harmlessness.affixPairs.length];
      if (pair === undefined) throw new Error('no pair');
      const prompt = promptOfDialogue(chosen);
      const { positive, negative, plain } = contrastPrompts(harmlessness, pair, prompt);
      expect(plain).toBe(prompt);
      expect(positive.endsWith(`\n\nAssistant ${pair.positive}:`)).toBe(true);
      expect(negative.endsWith(`\n\nAssistant ${pair.negative}:`)).toBe(true);
      const earlier = prompt.split('\n\nAssistant:').length - 2;
      expect(positive.split(`\n\nAssistant ${pair.negative}:`).length - 1).toBe(earlier);
      expect(negative.split(`\n\nAssistant ${pair.positive}:`).length - 1).toBe(earlier);
      expect(positive.replaceAll(` ${pair.positive}:`, ':').replaceAll(` ${pair.negative}:`, ':')).toBe(
        prompt,
      );
    }
  });

  it('a real response followed by the next turn passes the filter unchanged unless it names a Human or Assistant:', () => {
    let passed = 0;
    for (const row of rows) {
      const pair = pairOfHhRow(row);
      if (pair === null || pair.chosen === '' || /Human|Assistant:|<\/s>/.test(pair.chosen)) continue;
      expect(filterDialogueResponse(` ${pair.chosen}\n\nHuman: next`)).toEqual({
        accepted: true,
        response: pair.chosen,
      });
      passed++;
    }
    expect(passed).toBeGreaterThan(2000);
  });
});
