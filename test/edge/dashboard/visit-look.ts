/** The look before the leap in the form of a new experiment; a runner of the test says what it found. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { createClient, type Client } from '../../../shared/api/client.ts';
import type { LookResult } from '../../../shared/api/tasks/look.ts';
import { lookResultOf } from '../look-result.ts';
import { TestRunner } from '../runner.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';

const HOSTILE = '<img src=x onerror="document.title=1">';
const BUDGET_MINUTES = 20;

/** From the list of experiments; what it starts it takes away again. */
export async function visitLook(page: Page, url: string, client: Client): Promise<void> {
  const { secret } = await client.createKey({ body: { name: 'looks', scopes: ['runner'] } });
  const runner = createClient({ baseUrl: url, key: secret ?? '' });
  const testRunner = new TestRunner({ client: runner });
  const answer = async (result: LookResult) => {
    await expect
      .poll(async () => (await client.listTasks({ query: { kind: 'look', status: 'queued' } })).items.length)
      .toBe(1);
    const task = await testRunner.claim();
    if (task?.kind !== 'look') throw new Error(`claimed ${task?.kind}, not the look`);
    await runner.completeTask({
      parameters: { taskId: task.id },
      body: { epoch: task.epoch, outputs: [], result: { ...result } },
    });
    return task.parameters;
  };
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  await page.getByRole('link', { name: 'New experiment' }).click();
  const errorsAt = async (name: string) => {
    const described = (await page.getByLabel(name, { exact: true }).getAttribute('aria-describedby')) ?? '';
    const error = described.split(' ').find((id) => id.endsWith('-error'));
    return error === undefined ? '' : await page.locator(`[id="${error}"]`).innerText();
  };
  await page.getByLabel('Budget').fill('soon');
  expect(await errorsAt('Budget')).toContain('Give a time such as 30m');
  await page.getByLabel('Budget').fill(`${BUDGET_MINUTES}m`);
  expect(await errorsAt('Budget')).toBe('');
  await page.getByLabel('Longest answer').fill('many');
  expect(await errorsAt('Longest answer')).not.toBe('');
  await page.getByLabel('Longest answer').fill('');
  expect(await errorsAt('Longest answer')).toBe('');
  await button('Start without a look').click();
  await expect.poll(async () => await errorsAt('Budget')).toContain('is kept by sizes that a look chooses');
  const own = '{"ppo": {"rollouts": 64}}';
  await page.getByLabel('Hyperparameters').fill(own);

  await button('Look first').click();
  await button('Stop').click();
  await button('Look first').waitFor();
  await expect.poll(async () => (await client.listExperiments()).items.length).toBe(0);
  expect(await page.getByRole('alert').count()).toBe(0);
  await button('Look first').click();
  await page
    .getByRole('status')
    .getByText(/runner/)
    .waitFor();
  expect(await answer(lookResultOf({ kept: 20, apart: 33 }))).toMatchObject({
    temperature: 0.7,
    maximumNewTokens: 64,
    promptForm: 'chat',
    placement: 'user',
  });
  const doubts = page.getByRole('alert').filter({ hasText: 'This run would hardly work' });
  await doubts.getByText(/the filter keeps 31 % of the answers.+Longest answer/).waitFor();
  await doubts.getByText(/cannot be told apart: 52 %/).waitFor();
  expect(await button('Start all the same').isEnabled()).toBe(false);
  await expectFitsPhone(page);
  await page.getByLabel('Go on all the same').check();
  expect(await button('Start all the same').isEnabled()).toBe(true);

  await button('Look again').click();
  await answer(lookResultOf({ text: HOSTILE }));
  const plan = page.getByRole('region', { name: 'Planned time of the stages' });
  await plan.getByRole('row', { name: /^ppo 2 x \d+ steps of \d+, \d+ tokens .+\d\d:\d\d$/ }).waitFor();
  await page.getByText(/^92\.2 % \[/).waitFor();
  await page.getByText('4.0 tokens more towards the principle').waitFor();
  await page.getByText('900 sampled, 5,100 read, 1,600 trained').waitFor();
  await page.getByText('Answers side by side').click();
  await page.getByText(HOSTILE).waitFor();
  expect(await page.locator('main img').count()).toBe(0);
  await expectAccessible(page);
  await expectFitsPhone(page);
  const all = async () => await plan.getByRole('row', { name: /^all/ }).innerText();
  const minutes = Number(/(\d+)\s+min/.exec(await all())?.[1]);
  expect(minutes).toBeGreaterThan(BUDGET_MINUTES / 2);
  expect(minutes).toBeLessThan(BUDGET_MINUTES);

  // Where a budget is wrong, nothing on the page is of another.
  const sizes = async () => await page.getByLabel('Hyperparameters').inputValue();
  await page.getByLabel('Budget').fill('20s');
  expect(await errorsAt('Budget')).toMatch(/20 s are too few for this model.+Give 1 min more/);
  expect([await plan.count(), await sizes()]).toEqual([0, own]);
  await page.getByLabel('Budget').fill(`${BUDGET_MINUTES}m`);
  await plan.waitFor();
  expect(await errorsAt('Budget')).toBe('');
  expect(await sizes()).not.toBe(own);
  await page.getByLabel('Budget').fill(`${BUDGET_MINUTES}`);
  expect(await errorsAt('Budget')).toContain('Give a time such as 30m');
  expect([await plan.count(), await sizes()]).toEqual([0, own]);
  await page.getByLabel('Budget').fill('');
  expect([await errorsAt('Budget'), await sizes()]).toEqual(['', own]);
  await page.getByLabel('Budget').fill(`${BUDGET_MINUTES}m`);
  await plan.waitFor();
  const chosen = JSON.parse(await page.getByLabel('Hyperparameters').inputValue()) as {
    ppo: { steps: number[] };
  };
  const before = await all();
  const steps = (chosen.ppo.steps.at(-1) ?? 0) + 9;
  const edited = { ...chosen, ppo: { ...chosen.ppo, steps: [steps] } };
  await page.getByLabel('Hyperparameters').fill(JSON.stringify(edited));
  await plan.getByRole('row', { name: new RegExp(`^ppo 2 x ${steps} steps`) }).waitFor();
  expect(await all()).not.toBe(before);

  await page.getByLabel('Seed').fill('3');
  await page.getByText('This look was at other settings').waitFor();
  await button('Start without a look').waitFor();
  await page.getByLabel('Seed').fill('1');
  await page.getByLabel('Name', { exact: true }).fill('looked at first');
  await button('Start the experiment').click();
  await page.getByRole('heading', { name: 'looked at first' }).waitFor();
  const { items } = await client.listExperiments();
  expect(items.map(({ name }) => name)).toEqual(['looked at first']);
  const parameters = { experimentId: items[0]?.id ?? '' };
  expect((await client.getExperiment({ parameters })).hyperparameters).toEqual(edited);
  await client.cancelExperiment({ parameters });
  await client.deleteExperiment({ parameters });
}
