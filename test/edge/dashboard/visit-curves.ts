/** The curves over a filled edge: how they are drawn stands in the address, and those of several runs lie over each other. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { selectResult } from '../../../shared/api/tasks/select.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';
import { bodyOf, type FilledEdge } from './filled-edge.ts';

const addressOf = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);

/** Of one experiment. */
export async function visitCurves(page: Page): Promise<void> {
  const figures = page.getByRole('figure');
  const reward = page.getByRole('img', { name: /^Reward\./ });
  await reward.locator('canvas').waitFor();
  expect(await reward.getAttribute('aria-label')).toMatch(/kl=0\.1: 3 points from .+; kl=0\.2: 3 points/);
  const against = page.getByRole('img', { name: /^Reward against KL\./ });
  await against.locator('canvas').waitFor();
  await expectAccessible(page);
  const controls = page.getByRole('search', { name: 'How curves are drawn' });
  await controls.getByLabel('Over').selectOption('tokens');
  await figures.getByText('over tokens sampled').first().waitFor();
  await controls.getByLabel('Smoothing').selectOption('medium');
  await controls.getByLabel('Log scale').check();
  await controls.getByLabel('Metrics').fill('reward');
  await expect.poll(() => figures.count()).toBeLessThan(6);
  const shown = {
    tab: 'curves',
    across: 'tokens',
    smoothing: 'medium',
    scale: 'log',
    metrics: 'reward',
  };
  await expect.poll(() => addressOf(page)).toEqual(shown);
  await page.reload();
  await reward.locator('canvas').waitFor();
  expect(await controls.getByLabel('Over').inputValue()).toBe('tokens');
  expect(await controls.getByLabel('Smoothing').inputValue()).toBe('medium');
  expect(await controls.getByLabel('Log scale').isChecked()).toBe(true);
  await controls.getByLabel('Metrics').fill('nothing of the kind');
  await page.getByText('No metric has these words').first().waitFor();
  await controls.getByLabel('Metrics').fill('');
  await controls.getByLabel('Over').selectOption('kl');
  await page.getByText('What tells nothing of KL').waitFor();
  await expectFitsPhone(page);
}

/** Of several, on the page that compares them. */
export async function compareCurves(page: Page, edge: FilledEdge): Promise<void> {
  // So many names that a legend breaks into lines: its numbers must not break it anew.
  const body = { ...(await bodyOf(edge)), name: 'the same once more under a longer name' };
  const { id: experimentId } = await edge.client.createExperiment({ body });
  const { items } = await edge.client.listExperiments({ query: { method: 'rlcd' } });
  expect(items.length).toBeGreaterThan(1);
  // Held back: nothing on the page may move when a curve comes.
  const held = Promise.withResolvers<void>();
  await page.route(/\/curve\?/, async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.goto(`${edge.url}/compare?ids=${items.map(({ id }) => id).join(',')}`);
  const curves = page.getByRole('region', { name: 'Curves' });
  const reward = curves.getByRole('figure').filter({ has: page.getByRole('img', { name: /^Reward\./ }) });
  await reward.waitFor();
  const before = await reward.boundingBox();
  expect(await reward.locator('canvas').count()).toBe(0);
  held.resolve();
  await reward.locator('canvas').waitFor();
  expect(await reward.boundingBox()).toEqual(before);
  await page.unroute(/\/curve\?/);
  // Of each the chosen policy alone, by the name of its experiment.
  const chosen = await chosenOf(edge);
  const labels = await reward.getByRole('listitem').allInnerTexts();
  expect(labels.map((label) => label.trim().replace(/\s+\S+$/, ''))).toEqual(
    items.map(({ name }) => `${name} kl=${chosen}`),
  );
  await curves.getByLabel('Over').selectOption('kl');
  await reward.getByText('over KL').waitFor();
  await expectFitsPhone(page);
  await edge.client.deleteExperiment({ parameters: { experimentId } });
  const many = Array.from({ length: 21 }, () => edge.experimentId);
  await page.goto(`${edge.url}/compare?ids=${many.join(',')}`);
  await curves.getByText('of up to 20 experiments').waitFor();
}

/** Reads every chart of the page, as a reader does who goes down it: what stands below them keeps its place from here on. */
export async function goThroughCharts(page: Page): Promise<void> {
  await page.getByRole('figure').first().waitFor();
  // Each stage reads its own.
  await expect.poll(() => page.getByText('Reading metrics…').count()).toBe(0);
  for (const chart of await page.getByRole('figure').all()) {
    await chart.scrollIntoViewIfNeeded();
    await chart.locator('canvas').waitFor();
  }
}

async function chosenOf({ client, experimentId }: FilledEdge): Promise<number> {
  const { results } = await client.getExperiment({ parameters: { experimentId } });
  return selectResult.parse(results['select']?.[0]).chosen.klCoefficient;
}
