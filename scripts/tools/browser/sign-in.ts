/** Opens the dashboard and signs in, as a person would. */
import type { Page } from 'playwright-core';

/** Resolves when the list of experiments has been read. */
export async function signIn(page: Page, url: string, key: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('table').waitFor();
}
