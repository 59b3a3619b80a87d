/** Everything that is made in the dashboard, in a real browser over an empty edge: no engine is needed for any of it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Child } from '../../../scripts/processes/child.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { CHROMIUM_ABSENT, findChromium, launchChromium } from '../../../scripts/tools/browser/chromium.ts';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { TestRunner } from '../runner.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';
import { visitNowhere } from './visit-nowhere.ts';
import { visitFewPrompts } from './visit-few-prompts.ts';
import { visitLook } from './visit-look.ts';
import { sendTwice, visitRunnerKey } from './visit-keys.ts';
import { visitPrefixes } from './visit-prefixes.ts';

const present = findChromium() !== undefined;
if (!present) console.log(`skipped: ${CHROMIUM_ABSENT}`);

const ADMIN_KEY = 'an-administrator-key-for-tests-only-0123456789';

/** As a runner describes a model. */
const MODEL = {
  name: 'small',
  source: '/models/small',
  weightsSha256: 'a'.repeat(64),
  parameterCount: 134_515_008,
  contextLength: 8192,
  configuration: {
    heads: 9,
    chatTemplate: true,
    modelType: 'llama',
    location: 'somebody/small',
    licence: 'apache-2.0',
  },
};
/** What somebody could write into a file to break the page that shows it. */
const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>';

describe.skipIf(!present)('the workbench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-workbench-'));
  let edge: Child;
  let url = '';
  let client: Client;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    const port = await freePort();
    url = edgeUrl(port);
    client = createClient({ baseUrl: url, key: ADMIN_KEY });
    edge = await startEdge({ host: 'node', port, dataFolder: folder, adminKey: ADMIN_KEY });
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(120_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // What the API refuses on purpose is written there by the browser itself.
      if (message.type() === 'error' && !/status of 4\d\d|ERR_FAILED/.test(message.text()))
        faults.push(message.text());
    });
    await page.goto(url);
    await page.getByLabel('Key', { exact: true }).fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No experiment yet').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    edge?.kill('SIGKILL');
    await edge?.exited;
    rmSync(folder, { recursive: true, force: true });
  });

  const visit = async (name: string) => {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    expect(await page.title()).toBe(`${name} · RLCD`);
  };

  it('leads to the reference, which is no page of its own', async () => {
    await page.getByRole('link', { name: 'the API' }).click();
    await page.getByRole('heading', { level: 1, name: /reference|API/i }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/reference');
    await page.goBack();
    await page.getByText('No experiment yet').waitFor();
  });

  it('makes a key, shows its secret once, and revokes it', async () => {
    await visit('Keys');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const name = page.getByLabel('Name');
    await page.getByText('must not be empty').waitFor();
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    expect(await name.evaluate((element) => element === document.activeElement)).toBe(true);
    await expectAccessible(page);
    await name.fill('laptop');
    await page.getByLabel('Requests a minute at most').fill('0');
    await page.getByLabel('Expires').fill('2020-01-02T03:04');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('is 0; give 1 or more').waitFor();
    await page.getByLabel('Requests a minute at most').fill('1000');
    await page.getByRole('button', { name: 'Make the key' }).click();
    // Only the edge knows what time it is there.
    await page.getByText(/^is past: it is/).waitFor();
    const year = new Date().getFullYear() + 2;
    await page.getByLabel('Expires').fill(`${year}-01-02T03:04`);
    await page.getByText('The same as a request').click();
    expect(await page.getByLabel('Request', { exact: true }).textContent()).toContain('"name": "laptop"');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const secret = (await page.locator('.secret').textContent()) ?? '';
    const made = createClient({ baseUrl: url, key: secret });
    expect((await made.getOwnKey()).scopes).toEqual(['client']);
    const row = page.getByRole('row', { name: /laptop/ });
    await row.getByText(/in \d+ days/).waitFor();
    await row.getByText('1\u202f000').waitFor();
    // A key is noted as used to the minute, behind the answer.
    const [listed] = (await client.listKeys()).items;
    expect(listed).toMatchObject({
      expiresAt: new Date(year, 0, 2, 3, 4).getTime(),
      requestsPerMinute: 1000,
    });
    await expectAccessible(page);
    await expectFitsPhone(page);
    await page.getByRole('button', { name: 'I have it' }).click();
    expect(await page.content()).not.toContain(secret);
    await row.getByRole('button', { name: 'Revoke laptop' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke laptop' });
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await expect.poll(() => row.getByRole('button', { name: 'Revoke laptop' }).count()).toBe(0);
    await expect(made.getOwnKey()).rejects.toThrow(/401/);
    // One that is revoked while its secret is shown takes the secret with it.
    await name.fill('lost \u202eat once');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const lost = (await page.locator('.secret').textContent()) ?? '';
    // A name turns nothing round that stands beside it.
    await page.getByText('The key lost [U+202E]at once is made').waitFor();
    await page.getByRole('button', { name: 'Revoke lost [U+202E]at once' }).click();
    // Who presses the return key without reading keeps what there is.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Keep it');
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await expect.poll(() => page.locator('.secret').count()).toBe(0);
    expect(await page.content()).not.toContain(lost);
  });

  it('has the command that starts a runner, with the key that was made for it', async () => {
    expect(await visitRunnerKey(page, url)).toEqual(['runner']);
  });

  it('sends again what no answer came to, and it is done once', async () => {
    expect(await sendTwice(page, client)).toEqual({ afterTwo: 1, afterThree: 2 });
  });

  it('shows the request of a form as programs that make the same', async () => {
    await page.getByLabel('Name').fill("a program's");
    await page.getByLabel('runner').check();
    const shown = async () => (await page.getByLabel('Request', { exact: true }).textContent()) ?? '';
    const env = { ...process.env, RLCD_KEY: ADMIN_KEY };
    execFileSync('sh', ['-ec', `${await shown()} --silent --fail`], { env });
    await page.getByRole('button', { name: 'TypeScript' }).click();
    execFileSync(process.execPath, ['--input-type=module-typescript'], { env, input: await shown() });
    expect(await page.content()).not.toContain(ADMIN_KEY);
    const { items } = await client.listKeys();
    const made = items.filter(({ name }) => name === "a program's");
    expect(made.map(({ scopes }) => scopes)).toEqual([
      ['client', 'runner'],
      ['client', 'runner'],
    ]);
  });

  it('uploads prompts, says which line is wrong, and browses them by split', async () => {
    await visit('Prompts');
    const upload = async (lines: readonly string[]) => {
      await page.getByLabel('File').setInputFiles({
        name: 'My Prompts.jsonl',
        mimeType: '',
        buffer: Buffer.from(lines.join('\n')),
      });
      await page.getByRole('button', { name: 'Upload', exact: true }).click();
    };
    await page.getByRole('button', { name: 'Upload', exact: true }).click();
    await page.getByText('choose a file').waitFor();
    expect(await page.getByLabel('File').getAttribute('aria-invalid')).toBe('true');
    await expectAccessible(page);
    await page.getByLabel('Split', { exact: true }).selectOption('field');
    await upload(['{"prompt": "one", "split": "train"}', '{"prompt": "two", "split": "nowhere"}']);
    await page.getByText(/line 2/).waitFor();
    expect((await client.listPromptSets()).items).toEqual([]);
    await page.getByText('The same as a request').click();
    const request = await page.getByLabel('Request', { exact: true }).textContent();
    expect(request).toContain('/v1/prompt-sets?name=my-prompts&rule=field');
    expect(request).toContain("--data-binary @'My Prompts.jsonl'");
    const rows = Array.from({ length: 30 }, (_, row) => ({
      prompt: row === 0 ? HOSTILE : `Tell me of the number ${row}.`,
      split: row < 24 ? 'train' : row === 24 ? 'dev' : 'test',
    }));
    await upload([...rows.map((row) => JSON.stringify(row)), '{"prompt": "the last", "split": "dev"}']);
    await page.getByRole('heading', { name: 'my-prompts' }).waitFor();
    const cards = page.getByRole('list', { name: 'Prompts' }).locator('> li');
    await expect.poll(() => cards.count()).toBe(20);
    expect(await page.locator('main img, main script').count()).toBe(0);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => cards.count()).toBe(31);
    await page.getByRole('button', { name: 'dev', exact: true }).click();
    await page.getByText('the last').waitFor();
    expect(await cards.count()).toBe(2);
    await expectAccessible(page);
    await expectFitsPhone(page);
  });

  it('proposes affixes for texts that go on, and tells of one that runs into the prompt before it is saved', async () => {
    await visitPrefixes(page, url, client);
    expect((await client.listPrinciples()).items).toEqual([]);
  });

  it('writes a principle, with proposed affixes, and its next version', async () => {
    await visit('Principles');
    await page.getByText('No principle yet').waitFor();
    await page.getByRole('link', { name: 'New principle' }).click();
    await page.getByRole('heading', { name: 'New principle' }).waitFor();
    await page.getByLabel('Name').fill('Modest');
    await page.getByRole('button', { name: 'Add the principle' }).click();
    await page.getByText(/must be 1 to 100 of a-z/).waitFor();
    await page.getByText('must not be empty').nth(2).waitFor();
    await expectAccessible(page);
    // Who looks at another page finds again what was typed, as long as it is wanted.
    await visit('Models');
    await page.goBack();
    await page.getByText('This is as you left it').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('Modest');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Begin again' }).click();
    await expect.poll(() => page.getByLabel('Name').inputValue()).toBe('');
    expect(await page.getByText('This is as you left it').count()).toBe(0);
    await page.getByLabel('Name').fill('modest');
    await page.getByLabel('Description').fill('answers admit what they do not know');
    await page.getByRole('button', { name: /^Propose pairs/ }).click();
    await expect.poll(() => page.getByLabel('Towards').count()).toBe(4);
    expect(await page.getByLabel('Towards').first().inputValue()).toContain('admit what they do not know');
    await page.getByRole('button', { name: 'Take out pair 4' }).click();
    await page.getByLabel('Question, where a method asks one').first().fill('Which answer admits more?');
    await page.getByLabel('Affixes in a chat').selectOption('user');
    await expectFitsPhone(page);
    await page.getByRole('button', { name: 'Add the principle' }).click();
    await page.getByRole('link', { name: 'New version' }).click();
    await page.getByRole('heading', { name: 'New version of modest' }).waitFor();
    await page.getByLabel('Description').fill('answers say what they cannot know');
    await page.getByLabel('Away').nth(1).fill('');
    await page.getByRole('button', { name: 'Add version 2' }).click();
    expect(await page.getByLabel('Away').nth(1).getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Away').nth(1).fill('(boasts)');
    await page.getByRole('button', { name: 'Add version 2' }).click();
    await page.getByRole('heading', { name: 'Changes to version 2' }).waitFor();
    const parameters = { principleName: 'modest' };
    const { items } = await client.listPrincipleVersions({ parameters });
    const [second, first] = items.map(({ definition }) => definition);
    const changed = structuredClone(first?.affixPairs ?? []);
    Object.assign(changed[1] ?? {}, { negative: '(boasts)' });
    expect(first?.placement).toBe('user');
    expect(first?.affixPairs[0]?.scoringInstruction).toBe('Which answer admits more?');
    expect(second).toEqual({
      ...first,
      description: 'answers say what they cannot know',
      affixPairs: changed,
    });
  });

  it('registers models that runners open and models that are served', async () => {
    await visit('Models');
    await page.getByText('Register a model that is served elsewhere').click();
    const served = page.getByRole('form', { name: 'Register a model that is served elsewhere' });
    await served.getByLabel('Name').fill('large');
    await served.getByLabel('Address').fill('http://somewhere.example/v1');
    await served.getByLabel('Model').fill('smollm2');
    await served.getByRole('button', { name: 'Register' }).click();
    await served.getByText(/^must be an https address/).waitFor();
    await expectAccessible(page);
    await served.getByLabel('Address').fill('http://127.0.0.1:8080/v1');
    await served.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('row', { name: /large.*served, completions/ }).waitFor();
    await page.getByText('Register a model that runners open').click();
    const opened = page.getByRole('form', { name: 'Register a model that runners open' });
    await opened.getByLabel('What it answers').fill('{');
    await opened.getByRole('button', { name: 'Register' }).click();
    await opened.getByText(/^is not JSON/).waitFor();
    expect(await opened.locator('.errors li').count()).toBe(1);
    await opened.getByLabel('What it answers').fill(JSON.stringify({ ...MODEL, parameterCount: 0.5 }));
    await opened.getByRole('button', { name: 'Register' }).click();
    await opened.getByText('/parameterCount').waitFor();
    await opened.getByLabel('What it answers').fill(JSON.stringify(MODEL));
    await opened.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('row', { name: /small.*llama.*135M/ }).waitFor();
    expect((await client.listBaseModels()).items.map(({ name }) => name)).toEqual(['small', 'large']);
    await expectAccessible(page);
    await expectFitsPhone(page);
  });

  it('says which prompts are too few as soon as they are chosen, and asks for no look at them', async () => {
    await visitFewPrompts(page, url, client);
    expect((await client.listPromptSets()).items.map(({ name }) => name)).toEqual(['my-prompts']);
  });

  it('looks before the leap: what speaks against a run, and sizes and times for a budget', async () => {
    await visit('Experiments');
    await visitLook(page, url, client);
    expect((await client.listExperiments()).items).toEqual([]);
  });

  it('starts an experiment, lists it, and clones it', async () => {
    await visit('Experiments');
    await page.getByRole('link', { name: 'New experiment' }).click();
    await page.getByRole('heading', { name: 'New experiment' }).waitFor();
    await page.getByLabel('Method').selectOption('rlaif');
    await page.getByLabel('Seed').fill('7.5');
    await page.getByLabel('Hyperparameters').fill('{"ppo": {"steps": [0]}}');
    await page.getByRole('button', { name: 'Start the experiment' }).click();
    await page.getByText('/ppo/steps/0').waitFor();
    expect(await page.getByLabel('Seed').getAttribute('aria-invalid')).toBe('true');
    await expectAccessible(page);
    await page.getByLabel('Seed').fill('7');
    await page.getByLabel('Hyperparameters').fill('{"ppo": {"steps": [2]}}');
    await page.getByRole('button', { name: 'Start the experiment' }).click();
    // Only the store knows which affix pairs the version has.
    await page.getByText(/has no scoringInstruction, which rlaif asks/).waitFor();
    await page.getByLabel('Method').selectOption('rlcd');
    await page.getByLabel('Name', { exact: true }).fill('made by hand');
    await expectFitsPhone(page);
    await page.getByRole('button', { name: 'Start without a look' }).click();
    await page.getByRole('heading', { name: 'made by hand' }).waitFor();
    await page.getByText('No runner is alive').waitFor();
    await page.getByRole('link', { name: 'my-prompts' }).click();
    await page.getByRole('heading', { level: 2, name: 'my-prompts' }).waitFor();
    await visit('Experiments');
    await page.getByRole('link', { name: 'made by hand' }).click();
    await page.getByRole('link', { name: 'Clone' }).click();
    expect(await page.getByLabel('Hyperparameters').inputValue()).toContain('"steps"');
    await page.getByLabel('Name', { exact: true }).fill('made once more');
    await page.getByLabel('Seed').fill('8');
    await page.getByRole('button', { name: 'Start without a look' }).click();
    await page.getByRole('heading', { name: 'made once more' }).waitFor();
    const { items } = await client.listExperiments();
    const told = items.map(({ name, method, seed, principle }) => ({ name, method, seed, principle }));
    const principle = { name: 'modest', version: 2 };
    expect(told).toEqual([
      { name: 'made once more', method: 'rlcd', seed: 8, principle },
      { name: 'made by hand', method: 'rlcd', seed: 7, principle },
    ]);
    const [made] = items;
    const detail = await client.getExperiment({ parameters: { experimentId: made?.id ?? '' } });
    expect(detail.hyperparameters).toEqual({ ppo: { steps: [2] } });
  });

  it('says in its own words that an address or an experiment is not there', async () => {
    const answer = await page.goto(`${url}/no/such/page`);
    expect(answer?.status()).toBe(404);
    await page.getByRole('heading', { level: 1, name: 'No such page' }).waitFor();
    // Programs are answered as by the API.
    const problem = await fetch(`${url}/no/such/page`);
    expect([problem.status, problem.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    await visitNowhere(page, url, (await client.listExperiments()).items[0]?.id ?? '');
    await visit('Experiments');
    await page
      .getByRole('row', { name: /made by hand/ })
      .getByText('modest v2')
      .waitFor();
    // The row is a link, beside what else can be clicked in it.
    const status = page.getByRole('row', { name: /made by hand/ }).getByText('queued');
    const box = await status.boundingBox();
    await page.mouse.click((box?.x ?? 0) + 2, (box?.y ?? 0) + 2);
    await page.getByRole('heading', { level: 1, name: 'made by hand' }).waitFor();
    await page.getByRole('tab', { name: 'Try' }).click();
    await page.getByText('No aligned model yet').waitFor();
    await expectFitsPhone(page);
  });

  it('says why an experiment failed and what mends it, and goes on from there', async () => {
    const { secret } = await client.createKey({ body: { name: 'fails', scopes: ['runner'] } });
    const runner = createClient({ baseUrl: url, key: secret ?? '' });
    const testRunner = new TestRunner({ client: runner });
    let task = await testRunner.claim();
    while (task !== null && task.kind !== 'ppo') {
      await testRunner.complete(task);
      task = await testRunner.claim();
    }
    if (task === null) throw new Error('no PPO waits');
    // What judges is no model to take, and what is not there yet cannot be taken.
    await page.goto(`${url}/experiments/${task.experimentId}`);
    await page.getByText(/when the stage select has ended/).waitFor();
    const taking = page.getByText(/Download adapter|Use this model/);
    expect(await taking.count()).toBe(0);
    await runner.failTask({
      parameters: { taskId: task.id },
      body: {
        epoch: task.epoch,
        reason: { code: 'no-room', message: 'The model has no room', cure: 'Ask for shorter answers' },
        retryable: false,
      },
    });
    const why = page.getByRole('group', { name: 'Why it failed' });
    await why.getByText(`The stage ${task.stage} failed`).waitFor();
    await why.getByText('The model has no room', { exact: true }).waitFor();
    await why.getByText('Ask for shorter answers').waitFor();
    await page.getByText('There is no model to take: the stage ppo failed').waitFor();
    expect(await taking.count()).toBe(0);
    await expectFitsPhone(page);
    await why.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => page.url()).not.toContain(task.experimentId);
    await page.getByRole('row', { name: new RegExp(`^${task.stage} queued`) }).waitFor();
    const [again] = (await client.listExperiments()).items;
    const failed = await client.getExperiment({ parameters: { experimentId: task.experimentId } });
    // What had succeeded is done in it, too.
    expect([again?.seed, again?.status]).toEqual([failed.seed, 'running']);
  });

  it('says which experiments keep a prompt set, with the way to them', async () => {
    await visit('Prompts');
    await page.getByRole('button', { name: 'Delete my-prompts' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete my-prompts' });
    await dialog
      .getByText(/Experiments were made with it: .+Delete them first, or keep the prompts/)
      .waitFor();
    expect(await dialog.getByRole('button').allInnerTexts()).toEqual(['Keep it']);
    await expectAccessible(page);
    await expectFitsPhone(page);
    await dialog.getByRole('link', { name: 'made by hand' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'made by hand' }).waitFor();
  });

  it('deletes what nothing uses, and says what uses the rest', async () => {
    await page.goto(`${url}/principles/modest`);
    await page.getByRole('button', { name: 'Move it to version 2' }).click();
    await page.locator('.tag').getByText('production').waitFor();
    const confirm = async (name: string) => {
      await page.getByRole('button', { name, exact: true }).first().click();
      const dialog = page.getByRole('dialog', { name });
      await dialog.getByRole('button', { name: /^Delete/ }).click();
      return dialog;
    };
    const refused = await confirm('Delete version 2');
    await refused.getByText('The label production points at').waitFor();
    await expectAccessible(page);
    await refused.getByRole('button', { name: 'Keep it' }).click();
    await confirm('Delete the label production');
    await page.getByText('This version has no label').waitFor();
    await page.getByRole('button', { name: 'Delete principle modest' }).click();
    const used = page.getByRole('dialog', { name: 'Delete principle modest' });
    await used
      .getByText(/Experiments were made with it: .+Delete them first, or keep the principle/)
      .waitFor();
    await used.getByRole('link', { name: 'made by hand' }).first().waitFor();
    await expectFitsPhone(page);
    await used.getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('combobox', { name: /^Version/ }).selectOption('1');
    await expectFitsPhone(page);
    await confirm('Delete version 1');
    await expect.poll(() => page.getByRole('button', { name: /^Delete version/ }).count()).toBe(0);
    const parameters = { principleName: 'modest' };
    expect((await client.listPrincipleVersions({ parameters })).items.map(({ number }) => number)).toEqual([
      2,
    ]);
    const { items } = await client.listExperiments();
    for (const { id, status } of items) {
      if (status !== 'failed') await client.cancelExperiment({ parameters: { experimentId: id } });
      await client.deleteExperiment({ parameters: { experimentId: id } });
    }
    await confirm('Delete principle modest');
    await page.getByText('No principle yet').waitFor();
    expect((await client.listPrinciples()).items).toEqual([]);
    await visit('Prompts');
    await confirm('Delete my-prompts');
    await page.getByText('No prompts yet').waitFor();
  });

  it('has broken neither the policy nor anything else on the way', () => {
    expect(faults).toEqual([]);
  });
});
