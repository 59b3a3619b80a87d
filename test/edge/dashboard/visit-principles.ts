/** The page of principles over a filled edge: versions, labels, scorers, users, and a try by a real runner. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Child } from '../../../scripts/processes/child.ts';
import { expectAccessible } from './accessible.ts';
import type { FilledEdge } from './filled-edge.ts';

/** @returns the runner, which still lives */
export async function visitPrinciples(page: Page, edge: FilledEdge): Promise<Child> {
  const parameters = { principleName: 'kind-stories' };
  const { items } = await edge.client.listPrincipleVersions({ parameters });
  const definition = items[0]?.definition;
  if (!definition) throw new Error('the run has left no principle');
  await edge.client.createPrincipleVersion({
    parameters,
    body: { ...definition, description: 'Changed.' },
  });
  await page.goto(`${edge.url}/principles`);
  await page.locator('.diff ins').getByText('Changed.').waitFor();
  await page.getByRole('button', { name: 'Move it to version 2' }).click();
  await page.locator('p .tag').getByText('production').waitFor();
  await deleteScorer(page);
  await page
    .getByRole('region', { name: 'Experiments of the principle' })
    .getByText(/^rlcd/)
    .first()
    .waitFor();
  await expectAccessible(page);
  const runner = edge.startRunner();
  await page.getByLabel('Prompt').fill('Once upon a time, there was a dog.');
  await page.getByRole('button', { name: 'Sample both sides' }).click();
  await page.getByRole('heading', { name: 'and answers' }).first().waitFor();
  const left = await edge.client.listExperiments({ query: { text: 'Trial' } });
  expect(left.items).toEqual([]);
  return runner;
}

/** Refused twice: while labels point at it, and as long as its experiment is there. */
async function deleteScorer(page: Page): Promise<void> {
  const scorers = page.getByRole('region', { name: 'Scorers of the principle' });
  const confirm = async (name: RegExp) => {
    await scorers.getByRole('button', { name }).click();
    const dialog = page.getByRole('dialog', { name });
    await dialog.getByRole('button', { name: 'Delete' }).click();
    return dialog;
  };
  const refused = await confirm(/^Delete the scorer [0-9a-f]/);
  await refused
    .getByRole('alert')
    .getByText(/The label (latest|production)/)
    .waitFor();
  await expectAccessible(page);
  await refused.getByRole('button', { name: 'Keep it' }).click();
  await confirm(/^Delete the scorers' label latest/);
  await confirm(/^Delete the scorers' label production/);
  await scorers.getByText('none').waitFor();
  const used = await confirm(/^Delete the scorer [0-9a-f]/);
  await used.getByRole('alert').getByText('in use by').waitFor();
  await used.getByRole('button', { name: 'Keep it' }).click();
}
