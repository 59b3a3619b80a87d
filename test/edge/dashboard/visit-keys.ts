/** The page of keys: one for a runner, and one whose answer is lost on the way. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';

async function visit(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** On the page of keys, and back there, with the request of its form open. @returns what the key that was made may do */
export async function visitRunnerKey(page: Page, url: string): Promise<readonly string[]> {
  await page.getByLabel('Name').fill('worker');
  await page.getByRole('checkbox', { name: /^client/ }).uncheck();
  await page.getByRole('checkbox', { name: /^runner/ }).check();
  await page.getByRole('button', { name: 'Make the key' }).click();
  const secret = (await page.locator('.secret').textContent()) ?? '';
  await page.getByText(`RLCD_EDGE_URL=${url} RLCD_RUNNER_KEY=${secret} npx rlcd runner`).waitFor();
  await page.getByRole('button', { name: 'I have it' }).click();
  await visit(page, 'Runners');
  await page.getByText(`RLCD_EDGE_URL=${url} RLCD_RUNNER_KEY=KEY npx rlcd runner`).waitFor();
  await expectAccessible(page);
  await expectFitsPhone(page);
  await visit(page, 'Keys');
  await page.getByText('The same as a request').click();
  return (await createClient({ baseUrl: url, key: secret }).getOwnKey()).scopes;
}

/** On the page of keys. @returns how many there are of a name after what was sent twice, and once more as another */
export async function sendTwice(page: Page, client: Client) {
  await page.getByLabel('Name').fill('sent twice');
  await page.route('**/v1/keys', async (route) => {
    if (route.request().method() !== 'POST') return await route.fallback();
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('alert').getByText('What you typed is still here: send it again').waitFor();
  await page.unroute('**/v1/keys');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByText('The key sent twice is made').waitFor();
  const named = async () =>
    (await client.listKeys()).items.filter(({ name }) => name === 'sent twice').length;
  const afterTwo = await named();
  // Another one of the same is asked for anew.
  await page.getByLabel('Name').fill('sent twice');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await expect.poll(named).toBeGreaterThan(afterTwo);
  return { afterTwo, afterThree: await named() };
}
