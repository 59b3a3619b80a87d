/** A principle of texts that go on, in the form of a new principle. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Client } from '../../../shared/api/client.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';

/** Begins anywhere; what it makes it takes away again. */
export async function visitPrefixes(page: Page, url: string, client: Client): Promise<void> {
  await page.goto(`${url}/write`);
  await page.getByRole('heading', { name: 'New principle' }).waitFor();
  await page.getByText('Write the description first').waitFor();
  const propose = page.getByRole('button', { name: /^Propose pairs/ });
  const towards = async () =>
    await page
      .getByLabel('Towards')
      .evaluateAll((fields) => fields.map((field) => (field as HTMLTextAreaElement).value));
  await page.getByLabel('Description').fill('be brave');
  await propose.click();
  await expect.poll(towards).toContain('(answers that are brave)');
  // What nobody has changed is proposed anew: of another description, and for another form.
  await page.getByLabel('Description').fill('stories are kind');
  await propose.click();
  await expect.poll(async () => (await towards()).join()).not.toContain('brave');
  await page.getByLabel('Away').first().fill('(my own words)');
  const own = (await towards())[0];
  await page.getByLabel('Form').selectOption('prefix');
  await expect
    .poll(towards)
    .toEqual([own, 'These are stories that are kind.\n', expect.any(String), expect.any(String)]);
  await page.getByRole('button', { name: 'Take out pair 1' }).click();
  const first = page.getByLabel('Towards').first();
  await expect.poll(() => first.inputValue()).toBe('These are stories that are kind.\n');
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
