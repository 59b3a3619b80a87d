/** Prompts that are too few for the method, in the form of a new experiment; beside them there is `my-prompts`. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Client } from '../../../shared/api/client.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';

/** Begins anywhere; what it uploads it takes away again. */
export async function visitFewPrompts(page: Page, url: string, client: Client): Promise<void> {
  const rows = ['train', 'train', 'dev', 'test'].map((split, row) => ({
    prompt: `Tell me ${row}.`,
    split,
  }));
  const { id } = await client.createPromptSet({
    query: { name: 'few', rule: 'field' },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  await page.goto(`${url}/experiments/new`);
  const choose = async (name: string) => await page.getByLabel('Prompts').selectOption({ label: name });
  await choose('few');
  await page.getByText('2 to train, 1 to choose by (dev), 1 to test').waitFor();
  const dev = page.getByText(/^few has 1 prompt in the split dev, and select needs at least 2 prompts/);
  const test = page.getByText(/^few has 1 prompt in the split test, and judge needs at least 2 prompts/);
  await dev.first().waitFor();
  await test.first().waitFor();
  expect(await page.getByLabel('Prompts').getAttribute('aria-invalid')).toBe('true');
  await expectAccessible(page);
  await expectFitsPhone(page);
  await page.getByRole('button', { name: 'Start without a look' }).click();
  expect(await page.getByLabel('Prompts').evaluate((element) => element === document.activeElement)).toBe(
    true,
  );
  // The API refuses the look in the same words.
  await page.getByRole('button', { name: 'Look first' }).click();
  const refused = page.getByRole('alert').filter({ hasText: 'The look was refused' });
  await refused.getByText(/^few has 1 prompt in the split dev, and select needs/).waitFor();
  expect(await dev.count()).toBe(2);
  await page.getByLabel('Method').selectOption('dpo');
  await expect.poll(() => dev.count()).toBe(1);
  expect(await page.getByLabel('Method').locator('option').allInnerTexts()).not.toContain('look');
  await choose('my-prompts');
  await expect.poll(() => page.getByLabel('Prompts').getAttribute('aria-invalid')).toBe(null);
  expect((await client.listExperiments()).items).toEqual([]);
  await client.deletePromptSet({ parameters: { promptSetId: id } });
  await page.goto(url);
}
