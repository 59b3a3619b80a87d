/** The tab "Try" of an experiment over a filled edge: without a runner that serves, and with a real one. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { edgeUrl } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { expectAccessible } from './accessible.ts';
import type { FilledEdge } from './filled-edge.ts';

/** On that tab. @returns how many tokens of the aligned model's answer are coloured */
export async function visitTry(page: Page, edge: FilledEdge): Promise<number> {
  const form = page.getByRole('form', { name: 'Ask both models' });
  const ask = async (text: string) => {
    await form.getByLabel('A text that both go on with').fill(text);
    await form.getByRole('button', { name: 'Ask both' }).click();
  };
  await form.getByLabel('Temperature').fill('9');
  await ask('Once upon a time');
  await form.getByText('Temperature is 9: it must be a number from 0').waitFor();
  await form.getByLabel('Temperature').fill('warm');
  await ask('');
  await form.getByText('Temperature is no number: it must be').waitFor();
  await form.getByText('A text that both go on with is empty').waitFor();
  await form.getByLabel('Temperature').fill('1');
  await form.getByLabel('Tokens at most').fill('20');
  await ask('Once upon a time');
  // Nobody serves yet, which both sides say, with the cure.
  await page
    .getByText(/RLCD_SERVE_URL set to an address/)
    .nth(1)
    .waitFor();
  await expectAccessible(page);
  await form.getByRole('button', { name: 'Start anew' }).click();
  const runner = edge.startRunner(edgeUrl(await freePort()));
  try {
    const isServed = async () => {
      const { items } = await edge.client.listRunners({ query: { status: 'live' } });
      return items.some(({ serveUrl }) => serveUrl !== null);
    };
    await expect.poll(isServed, { timeout: 120_000 }).toBe(true);
    await ask('Once upon a time, there was a dog.');
    await form.getByRole('button', { name: 'Ask both' }).waitFor();
    const said = page.getByRole('list', { name: 'Conversation' });
    for (const [side, model] of [
      ['Base', (await edge.client.listBaseModels()).items[0]?.name ?? ''],
      ['Aligned', `${edge.experimentId}/adapter`],
    ] as const) {
      const body = { model, prompt: 'Once upon a time, there was a dog.', seed: 1, max_tokens: 20 };
      const response = await edge.client.createCompletion({ body: { ...body, temperature: 1 } });
      const { choices } = (await response.json()) as { choices: { text: string }[] };
      await expect
        .poll(() => said.getByRole('group', { name: side }).locator('.text').textContent())
        .toBe(choices[0]?.text);
    }
    await page.getByLabel('Token colours').selectOption('difference from the other model');
    const tokens = said.getByRole('group', { name: 'Aligned' }).locator('.token');
    await expect.poll(() => tokens.count()).toBeGreaterThan(1);
    // Of every token, the last ones too, where the answers have parted long ago.
    const title = async () => await tokens.last().getAttribute('title');
    await expect.poll(title).toMatch(/^log-probability .+; other model .+; difference /);
    await expectAccessible(page);
    return await tokens.count();
  } finally {
    runner.kill('SIGKILL');
    await runner.exited;
  }
}
