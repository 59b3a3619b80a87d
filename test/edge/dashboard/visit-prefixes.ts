/** A principle of texts that go on, in the form of a new principle. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Client } from '../../../shared/api/client.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';

/** Begins anywhere; what it makes it takes away again. */
export async function visitPrefixes(page: Page, url: string, client: Client): Promise<void> {
  await page.goto(`${url}/write`);
  await page.getByRole('heading', { name: 'New principle' }).waitFor();
  await page.getByLabel('Form').selectOption('prefix');
  await page.getByText('Write the description first').waitFor();
  await page.getByLabel('Description').fill('stories are kind');
  await page.getByRole('button', { name: /^Propose pairs/ }).click();
  await expect.poll(() => page.getByLabel('Towards').count()).toBe(3);
  const first = page.getByLabel('Towards').first();
  expect(await first.inputValue()).toBe('These are stories that are kind.\n');
  await first.fill('A kind story:');
  const warning = page.getByText(
    /^It runs into the prompt, as in "A kind story:Once upon a time": end it with/,
  );
  await warning.waitFor();
  expect(await first.getAttribute('aria-describedby')).toBe(await warning.getAttribute('id'));
  await expectAccessible(page);
  await expectFitsPhone(page);
  await page.getByLabel('Name').fill('kindly');
  await page.getByRole('button', { name: 'Add the principle' }).click();
  await page.getByRole('heading', { level: 2, name: 'kindly' }).waitFor();
  await warning.waitFor();
  expect(await page.locator('main').innerText()).not.toContain('affixPairs');
  const kindly = await client.getPrincipleVersion({
    parameters: { principleName: 'kindly', principleVersion: '1' },
  });
  expect(kindly.definition.affixPairs[0]?.negative).toBe('These are stories that are not kind.\n');
  await client.deletePrinciple({ parameters: { principleName: 'kindly' } });
  await page.goto(url);
}
