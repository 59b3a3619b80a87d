/**
 * The whole way in a real browser with a real runner: from a sentence to a model that one talks to and takes away. Every page
 * on it is held against axe on a desk and on a phone, in the light and in the dark.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import type { Child } from '../../../scripts/processes/child.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { startRunner } from '../../../scripts/processes/runner-process.ts';
import { CHROMIUM_ABSENT, findChromium, launchChromium } from '../../../scripts/tools/browser/chromium.ts';
import { createClient } from '../../../shared/api/client.ts';
import { openings, QUICK } from '../../end-to-end/world.ts';
import { unzip } from '../../shared/export/unzip.ts';
import { expectFitsEverywhere } from './accessible.ts';

const present = findChromium() !== undefined;
if (!present) console.log(`skipped: ${CHROMIUM_ABSENT}`);

const ADMIN_KEY = 'an-administrator-key-for-tests-only-0123456789';
const SENTENCE = 'stories are kind to everybody in them';

/** A page or part by the name of what opens it, with what is there once it is read. */
type Opened = readonly [name: string, shows: (page: Page) => Locator];

const TABS: readonly Opened[] = [
  ['Curves', (page) => page.getByRole('img', { name: /^Reward against KL\./ }).locator('canvas')],
  ['KL grid', (page) => page.locator('.grid-map td.chosen')],
  ['Samples', (page) => page.getByText('step 0')],
  ['Artifacts', (page) => page.getByRole('button', { name: 'Download adapter of select' })],
  ['Settings', (page) => page.getByLabel('Command')],
];
const BESIDE: readonly Opened[] = [
  ['Pairs', (page) => page.getByRole('heading', { name: 'Rejected' })],
  ['Compare', (page) => page.locator('.matrix td')],
  ['Label', (page) => page.getByRole('article')],
];
const REST: readonly Opened[] = [
  ['Experiments', (page) => page.getByRole('row', { name: /kinder/ })],
  ['Runners', (page) => page.getByRole('rowheader', { name: 'runner', exact: true })],
  ['Keys', (page) => page.getByRole('row', { name: /runner/ })],
];

describe.skipIf(!present)('the whole way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-whole-way-'));
  const children: Child[] = [];
  let browser: Browser;
  let page: Page;
  let url = '';
  const faults: string[] = [];

  beforeAll(async () => {
    const port = await freePort();
    url = edgeUrl(port);
    children.push(await startEdge({ host: 'node', port, dataFolder: folder, adminKey: ADMIN_KEY }));
    const client = createClient({ baseUrl: url, key: ADMIN_KEY });
    const { secret } = await client.createKey({ body: { name: 'runner', scopes: ['runner'] } });
    const environment = { RLCD_SERVE_URL: edgeUrl(await freePort()) };
    const runner = { url, key: secret ?? '', name: 'runner', dataFolder: folder, environment };
    children.push(startRunner(runner));
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(300_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.exited));
    rmSync(folder, { recursive: true, force: true });
  });

  const everywhere = async () => await expectFitsEverywhere(page);
  const visit = async (name: string) => {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  };

  it('signs in, and makes a principle of a sentence', async () => {
    await page.goto(url);
    await page.getByLabel('Key', { exact: true }).fill(ADMIN_KEY);
    await everywhere();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No experiment yet').waitFor();
    await everywhere();
    await visit('Principles');
    await page.getByText('No principle yet').waitFor();
    await everywhere();
    await page.getByRole('link', { name: 'New principle' }).click();
    await page.getByLabel('Name').fill('kind');
    await page.getByLabel('Description').fill(SENTENCE);
    await page.getByRole('button', { name: /^Propose pairs/ }).click();
    await expect.poll(() => page.getByLabel('Towards').count()).toBeGreaterThan(1);
    // The bundled model goes on with stories: what is accepted stands in front of them.
    await page.getByLabel('Form').selectOption('prefix');
    await everywhere();
    await page.getByRole('button', { name: 'Add the principle' }).click();
    await page.getByRole('link', { name: 'New version' }).waitFor();
    await page.getByText(SENTENCE).first().waitFor();
    await everywhere();
  });

  it('registers the model, uploads prompts, and starts an experiment', async () => {
    await visit('Models');
    await page.getByText('Register a model that runners open').click();
    const described = await describeModel('small', 'bundled', join(folder, 'cache'));
    await page.getByLabel('What it answers').fill(JSON.stringify(described));
    await everywhere();
    await page.getByRole('button', { name: 'Register' }).first().click();
    await page.getByRole('row', { name: /small/ }).waitFor();
    await everywhere();
    await visit('Prompts');
    const rows = (['train', 'dev', 'test'] as const).flatMap((split) =>
      openings.map((prompt) => JSON.stringify({ prompt: `${prompt} They were in the ${split}.`, split })),
    );
    await page.getByLabel('File').setInputFiles({
      name: 'openings.jsonl',
      mimeType: '',
      buffer: Buffer.from(rows.join('\n')),
    });
    await page.getByLabel('Split', { exact: true }).selectOption('field');
    await everywhere();
    await page.getByRole('button', { name: 'Upload', exact: true }).click();
    await page.getByRole('heading', { name: 'openings' }).waitFor();
    await page
      .getByRole('list', { name: 'Prompts' })
      .getByText(/They were in the/)
      .first()
      .waitFor();
    await everywhere();
    await visit('Experiments');
    await page.getByRole('link', { name: 'New experiment' }).click();
    await page.getByLabel('Hyperparameters').fill(JSON.stringify(QUICK));
    await page.getByLabel('Name', { exact: true }).fill('kinder');
    await page.getByRole('button', { name: 'Look first', exact: true }).click();
    await page.getByText('24 to 12 prompts, one a side').waitFor();
    await page.getByRole('region', { name: 'Planned time of the stages' }).getByText('judge').waitFor();
    await everywhere();
    // A small model of stories may not know what the sentence asks of it: the form says so, and is told to go on.
    const allTheSame = page.getByLabel('Go on all the same');
    if ((await allTheSame.count()) > 0) await allTheSame.check();
    await page.getByRole('button', { name: /^Start (the experiment|all the same)$/ }).click();
    await page.getByRole('heading', { level: 1, name: 'kinder' }).waitFor();
    await everywhere();
    expect(page.url()).toMatch(/\/experiments\/[0-9a-f-]+$/);
  });

  it('watches it to its end, and reads the result', async () => {
    const result = page.getByRole('heading', { name: 'Preferred to the base model' });
    const failure = page.getByRole('group', { name: 'Why it failed' });
    await result.or(failure).first().waitFor();
    expect(await failure.allInnerTexts()).toEqual([]);
    await page.getByText('succeeded', { exact: true }).first().waitFor();
    await page.getByRole('heading', { name: 'Before and after' }).waitFor();
    await everywhere();
    for (const [tab, shows] of TABS) {
      await page.getByRole('tab', { name: tab }).click();
      await shows(page).first().waitFor();
      await everywhere();
    }
  });

  it('reads what it learned from, and how it stands beside its base', async () => {
    const address = page.url().replace(/\?.*/, '');
    for (const [name, shows] of BESIDE) {
      await page.getByRole('main').getByRole('link', { name, exact: true }).click();
      await shows(page).first().waitFor();
      await everywhere();
      await page.goto(address);
      await page.getByRole('heading', { name: 'Before and after' }).waitFor();
    }
    expect(faults).toEqual([]);
  });

  it('talks to both models', async () => {
    await page.getByRole('tab', { name: 'Try' }).click();
    const form = page.getByRole('form', { name: 'Ask both models' });
    await form.getByRole('textbox').first().fill('Once upon a time, there was a dog.');
    await form.getByRole('button', { name: 'Ask both' }).click();
    const said = page.getByRole('list', { name: 'Conversation' });
    for (const side of ['Base', 'Aligned']) {
      const text = said.getByRole('group', { name: side }).locator('.text');
      await expect.poll(async () => ((await text.textContent()) ?? '').length).toBeGreaterThan(0);
    }
    await form.getByRole('button', { name: 'Ask both' }).waitFor();
    expect(await said.getByRole('alert').count()).toBe(0);
    await everywhere();
  });

  it('takes the model away, without an error of the page on the way', async () => {
    await page.locator('.menu summary', { hasText: 'Download adapter' }).click();
    await everywhere();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^PEFT / }).click(),
    ]);
    const names = [...unzip(new Uint8Array(readFileSync(await download.path()))).keys()];
    expect(names.map((name) => name.split('/')[1])).toContain('adapter_model.safetensors');
    for (const [name, shows] of REST) {
      await visit(name);
      await shows(page).first().waitFor();
      await everywhere();
    }
    expect(faults).toEqual([]);
  });
});
