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
  // Nobody looks at what could not be started, whatever is wrong with it.
  const isAsked = (name: string) =>
    page.getByLabel(name).evaluate((element) => element === document.activeElement);
  await page.getByRole('button', { name: 'Look first' }).click();
  await expect.poll(() => isAsked('Prompts')).toBe(true);
  expect(await dev.count()).toBe(1);
  await choose('my-prompts');
  await page.getByLabel('Hyperparameters').fill('{"ppo": {"stepz": [20]}}');
  await page.getByRole('button', { name: 'Look first' }).click();
  await page.getByText('is not a known field; leave it out').waitFor();
  await expect.poll(() => isAsked('Hyperparameters')).toBe(true);
  await page.getByLabel('Hyperparameters').fill('');
  await choose('few');
  await page.getByLabel('Method').selectOption('dpo');
  await expect.poll(() => dev.count()).toBe(0);
  const methods = await page.getByLabel('Method').locator('option').allInnerTexts();
  expect(methods).toContain('dpo: pairs by contrast, without a preference model');
  expect(methods.filter((method) => method.startsWith('look'))).toEqual([]);
  await choose('my-prompts');
  await expect.poll(() => page.getByLabel('Prompts').getAttribute('aria-invalid')).toBe(null);
  await page.getByText(/^The verdict will be made of only \d+ comparisons: at least 30/).waitFor();
  expect((await client.listExperiments()).items).toEqual([]);
  await client.deletePromptSet({ parameters: { promptSetId: id } });
  await page.goto(url);
}
