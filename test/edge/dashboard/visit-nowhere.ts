/** Addresses that name nothing, of every page that reads something of its address: each says so, and leads back. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { expectAccessible, expectFitsEverywhere } from './accessible.ts';

const UNKNOWN = '01a22b44-1ee8-7000-b461-9dfe2963c9a4';
/** Nothing has the first; the others nothing can have, and the last cannot even be decoded. */
const IDS = [UNKNOWN, 'abc', 'a%2Fb', '%E0%A4%A'];
const NAMES = ['nobody', 'NO%20BODY', '%E0%A4%A'];

/** What an address names, and where one is led instead: the path and what stands there. */
const ADDRESSES: readonly (readonly [path: string, what: string, back: string])[] = [
  ...IDS.map((id) => [`/experiments/${id}`, 'experiment', '/experiments'] as const),
  ...IDS.map((id) => [`/pairs/${id}`, 'experiment', '/pairs'] as const),
  ...IDS.map((id) => [`/label/${id}`, 'experiment', '/label'] as const),
  ...IDS.map((id) => [`/prompts/${id}`, 'prompt set', '/prompts'] as const),
  ...[UNKNOWN, 'abc', `${UNKNOWN},abc`].map(
    (ids) => [`/compare?ids=${ids}`, 'experiment', '/compare'] as const,
  ),
  ...[UNKNOWN, 'abc'].map((id) => [`/experiments/new?from=${id}`, 'experiment', '/experiments/new'] as const),
  ...NAMES.map((name) => [`/principles/${name}`, 'principle', '/principles'] as const),
  ...NAMES.map((name) => [`/write/${name}`, 'principle', '/principles'] as const),
  ...['/models/abc', '/keys/abc', '/runners/abc', '/no/such/page', '/%E0%A4%A'].map(
    (path) => [path, 'page', '/experiments'] as const,
  ),
];

/** @param experimentId of one that is there */
export async function visitNowhere(page: Page, url: string, experimentId: string): Promise<void> {
  const heading = page.getByRole('heading', { level: 1 });
  for (const [path, what, back] of ADDRESSES) {
    await page.goto(`${url}${path}`);
    await page.getByRole('heading', { level: 1, name: `No such ${what}`, exact: true }).waitFor();
    expect(await heading.count(), path).toBe(1);
    expect(await page.title(), path).toBe(`No such ${what} · RLCD`);
    const main = page.getByRole('main');
    expect(await main.innerText(), path).toContain('It may be mistyped, or what it showed is deleted.');
    expect(await main.innerText(), path).not.toMatch(/UUID|request is not valid|list what there is/);
    expect(await main.getByRole('link').getAttribute('href'), path).toBe(back);
  }
  await expectFitsEverywhere(page);
  await page.getByRole('main').getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'Experiments' }).waitFor();
  // What is there is compared without what is not.
  await page.goto(`${url}/compare?ids=${UNKNOWN},${experimentId}`);
  await page.getByText(`No experiment is called ${UNKNOWN}`).waitFor();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await expectAccessible(page);
  // A part that no experiment has is its first one.
  await page.goto(`${url}/experiments/${experimentId}?tab=nothing`);
  await page.getByRole('tab', { name: 'Overview', selected: true }).waitFor();
}
