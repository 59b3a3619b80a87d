/** What an experiment measured beside its verdict: a frontier of its adapter, its policies along training, and what its judges are worth. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { expectAccessible, expectFitsPhone } from './accessible.ts';
import { bodyOf, type FilledEdge } from './filled-edge.ts';

/** Has both made by a runner of its own, and takes away what it made. Begins anywhere. */
export async function visitMeasured(page: Page, edge: FilledEdge): Promise<void> {
  const { client } = edge;
  const { hyperparameters, ...body } = await bodyOf(edge);
  const frontier = { strengths: [0.5, 1], promptLimit: 4, maximumNewTokens: 8 };
  const trajectory = { promptLimit: 4, maximumNewTokens: 8 };
  const asked = { ...body, hyperparameters: { ...hyperparameters, frontier, trajectory } };
  const { id: curve } = await client.createExperiment({ body: asked });
  const rows = Array.from({ length: 8 }, (_, row) => ({
    prompt: `There were ${row} birds.`,
    chosen: ' They were happy.',
    rejected: ' They were sad and mean.',
    split: 'test',
  }));
  const promptSet = await client.createPromptSet({
    query: { name: 'judged', rule: 'field' },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  const { principle, baseModel, seed } = body;
  const { id: exam } = await client.createExperiment({
    body: { method: 'examine-judges', principle, promptSet: promptSet.id, baseModel, seed },
  });
  const runner = edge.startRunner();
  try {
    await page.goto(`${edge.url}/experiments/${curve}`);
    const points = page.getByRole('region', { name: 'Frontier' }).locator('tbody tr');
    await points.nth(1).waitFor({ timeout: 60_000 });
    expect(await points.locator('th').allInnerTexts()).toEqual(['0.5', '1']);
    expect(await points.first().innerText()).toMatch(/\[.*\].*%/s);
    const kept = page.getByRole('region', { name: 'Along training' }).locator('tbody tr');
    await kept.first().waitFor({ timeout: 60_000 });
    const cells = await kept.evaluateAll((rows) =>
      rows.map((row) => [...row.children].slice(0, 2).map((cell) => cell.textContent)),
    );
    const { klCoefficients = [], steps = [] } = hyperparameters?.ppo ?? {};
    expect(cells).toEqual(
      klCoefficients.flatMap((coefficient) => steps.map((count) => [String(coefficient), String(count)])),
    );
    await expectAccessible(page);
    await expectFitsPhone(page);
    await page.goto(`${edge.url}/experiments/${exam}`);
    const judge = page.getByRole('region', { name: 'What each judge is worth' }).locator('tbody tr');
    await judge.first().waitFor({ timeout: 60_000 });
    expect(await judge.first().innerText()).toMatch(/^sentiment\s+100.0.%\s+\[.* to 100.0.%\] of 8/s);
    await expectAccessible(page);
    await expectFitsPhone(page);
  } finally {
    await runner.stop();
  }
  for (const experimentId of [curve, exam]) await client.deleteExperiment({ parameters: { experimentId } });
  await client.deletePromptSet({ parameters: { promptSetId: promptSet.id } });
}
