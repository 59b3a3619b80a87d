/** The dashboard in a real browser, over a store that a real run has filled: every page's main path. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Browser, Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_ABSENT, findChromium, launchChromium } from '../../../scripts/tools/browser/chromium.ts';
import { signIn } from '../../../scripts/tools/browser/sign-in.ts';
import { unzip } from '../../shared/export/unzip.ts';
import { SCALES } from '../../../edge/dashboard/components/token-levels.ts';
import { expectAccessible, expectFitsEverywhere, expectTabInView, expectWholeOnPhone } from './accessible.ts';
import { bodyOf, createFilledEdge, type FilledEdge } from './filled-edge.ts';
import { teachScorer } from './teach-scorer.ts';
import { compareCurves, goThroughCharts, visitCurves } from './visit-curves.ts';
import { visitMeasured } from './visit-measured.ts';
import { visitPrinciples } from './visit-principles.ts';
import { visitTry } from './visit-try.ts';

const present = findChromium() !== undefined;
if (!present) console.log(`skipped: ${CHROMIUM_ABSENT}`);

const PAGES = [
  'Experiments',
  'Pairs',
  'Compare',
  'Label',
  'Principles',
  'Write',
  'Prompts',
  'Models',
  'Runners',
  'Keys',
] as const;
/** Every colour that a token can have. */
const LEVELS = [...new Set(Object.values(SCALES).flatMap((scale) => scale.map(({ name }) => name)))];
/** What a model could write to break the page that shows it. */
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202eevil\u2066\0${'x'.repeat(2 ** 20)}`;

describe.skipIf(!present)('the dashboard', () => {
  let edge: FilledEdge;
  let browser: Browser;
  let page: Page;
  /** Errors of the page; while the edge is down, failed requests are none. */
  const faults: string[] = [];

  beforeAll(async () => {
    edge = await createFilledEdge();
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    // What does not come ends the test, not the machine that is busy.
    page.setDefaultTimeout(120_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      const isRequest = /Failed to load resource|net::ERR/.test(message.text());
      if (message.type() === 'error' && !isRequest) faults.push(message.text());
    });
    await signIn(page, edge.url, edge.key);
    await page.getByText('Live', { exact: true }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await edge?.close();
  });

  const visit = async (name: string) => {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
  };
  const open = async (path: string) => {
    await page.goto(`${edge.url}${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
  };
  const accessible = async () => await expectAccessible(page);
  const textOf = async (download: Download) => await readFile(await download.path());

  it('Experiments: searches, sorts, pins a baseline, shows what differs, and compares', async () => {
    const rows = page.getByRole('row', { name: /seed 3/ });
    expect(await rows.count()).toBe(2);
    await page.getByLabel('Search').fill('rlcd');
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByText('n = 8, too few').waitFor();
    await page.getByLabel('Search').fill('');
    await page.getByRole('button', { name: /^Experiment/ }).click();
    expect(await page.getByRole('columnheader', { name: /^Experiment/ }).getAttribute('aria-sort')).toBe(
      'descending',
    );
    await page.getByLabel('Only columns that differ').check();
    expect(await page.getByRole('columnheader', { name: 'Seed' }).count()).toBe(0);
    expect(await page.getByRole('columnheader', { name: 'Method' }).count()).toBe(1);
    await page.getByRole('button', { name: /Baseline: base/ }).click();
    expect(await rows.first().textContent()).toContain('base');
    await accessible();
    await page.getByLabel(/Select rlcd/).check();
    await page.getByRole('link', { name: 'Compare 1' }).click();
    await page.getByRole('heading', { name: 'Win rates' }).waitFor();
    expect(new URL(page.url()).searchParams.get('ids')?.split(',')).toContain(edge.experimentId);
  });

  it('Experiment: stages, curves, grid, samples, artifacts, the command that repeats it', async () => {
    await open(`/experiments/${edge.experimentId}`);
    await page.getByText('Preferred to the base model').waitFor();
    const pairs = page.getByRole('region', { name: 'Before and after' });
    const { items: judged } = await edge.client.listComparisons({
      parameters: { experimentId: edge.experimentId },
      query: { source: 'machine', limit: 3 },
    });
    await pairs.getByRole('heading', { name: 'Base' }).nth(2).waitFor();
    expect(await pairs.locator('.text').allTextContents()).toEqual(
      judged.flatMap(({ prompt, firstResponse, secondResponse }) => [prompt, secondResponse, firstResponse]),
    );
    // What is done stands out of the way.
    const graph = page.locator('.graph .stage');
    expect(await graph.first().isVisible()).toBe(false);
    await page.getByText('7 of 7 done').click();
    expect(await graph.count()).toBe(7);
    const table = page.getByRole('region', { name: 'Progress of the stages' });
    expect(await table.getByRole('row', { name: /^ppo succeeded/ }).innerText()).toMatch(
      /steps\s+[\d.]+.s\s+[\d.]+.s/,
    );
    await page.getByText(`npx rlcd chat ${edge.experimentId} --edge ${edge.url}`).waitFor();
    await accessible();
    await page.getByRole('tab', { name: 'Curves' }).click();
    await visitCurves(page);
    await page.getByRole('tab', { name: 'KL grid' }).click();
    expect(await page.locator('.grid-map td').count()).toBe(4);
    expect(await page.locator('.grid-map td.chosen').count()).toBe(1);
    await accessible();
    await page.getByRole('tab', { name: 'Samples' }).click();
    await page.getByText('step 0').first().waitFor();
    await page.getByRole('tab', { name: 'Artifacts' }).click();
    const button = page.getByRole('button', { name: 'Download adapter of select' });
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    const { tasks } = await edge.client.getLineage({ parameters: { experimentId: edge.experimentId } });
    const adapter = tasks.find(({ stage }) => stage === 'select')?.outputs[0]?.sha256;
    expect(
      createHash('sha256')
        .update(await textOf(download))
        .digest('hex'),
    ).toBe(adapter);
    await accessible();
    await page.getByRole('tab', { name: 'Settings' }).click();
    expect(await page.getByLabel('Command').textContent()).toContain('"seed": 3');
    await accessible();
    await expectTabInView(page, 'Settings');
  });

  it('Experiment: the model in the form that is chosen, made by a runner where it must be', async () => {
    const namesOf = async (download: Download) =>
      [...unzip(new Uint8Array(await textOf(download))).keys()].map((name) => name.split('/')[1]);
    await open(`/experiments/${edge.experimentId}`);
    const choose = async (form: string) => {
      await page.locator('.menu summary', { hasText: 'Download adapter' }).click();
      await page.getByRole('button', { name: new RegExp(`^${form} `) }).click();
    };
    await page.locator('.menu summary').click();
    await accessible();
    await page.getByRole('button', { name: /^PEFT / }).press('Escape');
    expect(await page.locator('.menu[open]').count()).toBe(0);
    const [adapter] = await Promise.all([page.waitForEvent('download'), choose('PEFT')]);
    expect(adapter.suggestedFilename()).toBe(`${edge.experimentId}-peft.zip`);
    expect(await namesOf(adapter)).toContain('adapter_model.safetensors');
    const model = page.waitForEvent('download');
    await choose('Merged');
    await page
      .getByRole('status')
      .getByText(/^It waits for /)
      .waitFor();
    await accessible();
    const runner = edge.startRunner();
    try {
      expect(await namesOf(await model)).toContain('model.safetensors');
    } finally {
      runner.kill('SIGKILL');
      await runner.exited;
    }
  });

  it('Experiment: what it cost, in time and in tokens, and what was measured beside its verdict', async () => {
    await open(`/experiments/${edge.experimentId}`);
    const { cost } = await edge.client.getExperiment({ parameters: { experimentId: edge.experimentId } });
    const told = (await page.getByRole('region', { name: 'Cost' }).innerText()).replaceAll('\u202f', '');
    expect(told).toMatch(new RegExp(`Tokens sampled\\s+${cost.tokens.sampled}\\s`));
    expect(told).toMatch(/Runner time\s+[\d.]+(s|min)[^]*GPU time\s+none/);
    await visitMeasured(page, edge);
  });

  it('Experiment: tokens of samples by colour, by line, in words and as a table', async () => {
    await open(`/experiments/${edge.experimentId}?tab=samples`);
    await page.getByText('step 0').first().waitFor();
    const tokens = page.locator('li.panel .token');
    expect(await tokens.count()).toBeGreaterThan(10);
    expect(await tokens.first().getAttribute('title')).toMatch(
      /^log-probability .+; base model .+; difference/,
    );
    const legend = page.getByRole('list', { name: 'What the colours mean' });
    expect(await legend.innerText()).toContain('unlikely: below 1 %');
    // What is told by colour is told by a line of its own, too.
    const lines = await page.locator('.legend .token').evaluateAll((found) =>
      found.map((node) => {
        const { textDecorationLine, textDecorationStyle, textDecorationThickness } = getComputedStyle(node);
        return [textDecorationLine, textDecorationStyle, textDecorationThickness].join(' ');
      }),
    );
    expect(new Set(lines).size).toBe(4);
    await accessible();
    await page.getByText('Tokens as a table').first().click();
    const table = page.getByRole('region', { name: 'Tokens with their log-probabilities' });
    await table.getByRole('row').nth(5).waitFor();
    await accessible();
    await page.getByLabel('Token colours').selectOption('moved');
    await legend.getByText('less likely by 0.3 to 1').waitFor();
    await accessible();
    await page.getByLabel('Token colours').selectOption('none');
    await expect.poll(() => tokens.count()).toBe(0);
  });

  it('Experiment: talks to the base and the aligned model by a runner that serves', async () => {
    await open(`/experiments/${edge.experimentId}?tab=try`);
    expect(await visitTry(page, edge)).toBeGreaterThan(1);
  });

  it("Experiment: shows the verdict alone where the judge's result is of another form", async () => {
    const change = (sql: string) => edge.execute(`UPDATE tasks SET result = ${sql} WHERE kind = 'judge'`);
    change("json_set(result, '$.judgements[0].later', 1)");
    await open(`/experiments/${edge.experimentId}`);
    await page.getByRole('heading', { name: 'Preferred to the base model' }).waitFor();
    await page.getByText('only 8 comparisons').waitFor();
    expect(await page.getByText('Distinct 2-grams').count()).toBe(0);
    change("json_remove(result, '$.judgements[0].later')");
    await page.reload();
    await page.getByText('Distinct 2-grams').waitFor();
  });

  it('Pairs: side by side with their affixes, filtered, exported', async () => {
    await page.getByRole('link', { name: 'Pairs', exact: true }).last().click();
    const cards = page.locator('li.panel');
    await cards.first().waitFor();
    const all = await cards.count();
    await page.locator('.affix').first().waitFor();
    await page
      .getByText(/^\d+ characters, \d+ words$/)
      .first()
      .waitFor();
    await page.getByText('has taught no scorer').waitFor();
    await accessible();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /Export/ }).click(),
    ]);
    expect((await textOf(download)).toString().trimEnd().split('\n')).toHaveLength(all);
    await page.getByLabel('Label to').fill('0.5');
    await page.getByLabel('Label to').press('Tab');
    await page.getByRole('heading', { name: 'No pair' }).waitFor();
    expect(page.url()).toContain('maximumProbability=0.5');
  });

  it('Pairs: tokens by what the affix did to them, with the figures for those who cannot point', async () => {
    await open(`/pairs/${edge.experimentId}`);
    const card = page.locator('li.panel').first();
    await card.waitFor();
    const { items } = await edge.client.listPreferencePairs({
      parameters: { experimentId: edge.experimentId },
      query: { limit: 1 },
    });
    const tokens = items[0]?.tokens?.chosen;
    if (!tokens) throw new Error('the run has left no log-probabilities');
    const shown = card.locator('.side.good .token');
    expect(await shown.count()).toBe(tokens.ends.length);
    expect((await shown.allTextContents()).join('')).toBe(items[0]?.chosen);
    const differences = tokens.logProbabilities.map(
      (value, index) => value - (tokens.referenceLogProbabilities[index] ?? Number.NaN),
    );
    const moved = differences.map((nats) => nats >= 0.3 || nats <= -0.3);
    expect(moved).toContain(true);
    const coloured = await shown.evaluateAll((tokens) =>
      tokens.map(({ classList }) => !classList.contains('plain')),
    );
    expect(coloured).toEqual(moved);
    await accessible();
    await card.getByText('Tokens as a table').first().click();
    await card.getByRole('columnheader', { name: 'Without the affix' }).waitFor();
    // The mark of the end is readable whatever colour its token has; what this run drew may hold none.
    await shown.first().evaluate((token, levels) => {
      for (const level of levels) {
        const mark = document.createElement('span');
        mark.className = 'mark';
        mark.textContent = 'end';
        const end = document.createElement('span');
        end.className = `token ${level} of-the-test`;
        end.append(mark);
        token.after(end);
      }
    }, LEVELS);
    await expectFitsEverywhere(page);
    await page.locator('.of-the-test').evaluateAll((copies) => {
      for (const copy of copies) copy.remove();
    });
    await page.getByLabel('Token colours').selectOption('none');
    await expect.poll(() => shown.count()).toBe(0);
  });

  it('Pairs: what the scorer says of each, beside its label', async () => {
    await teachScorer(edge);
    await open(`/pairs/${edge.experimentId}`);
    const cards = page.locator('li.panel');
    await cards.first().waitFor();
    await page.getByLabel('What its scorer says').check();
    const said = page.getByText('Scorer: chosen is better');
    await expect.poll(() => said.count()).toBe(await cards.count());
    const { items } = await edge.client.listPreferencePairs({
      parameters: { experimentId: edge.experimentId },
      query: { limit: 1 },
    });
    const [pair] = items;
    if (!pair) throw new Error('the run has left no pair');
    const { probability } = await edge.client.scoreCompare({
      body: { principle: 'kind-stories', prompt: pair.prompt, first: pair.chosen, second: pair.rejected },
    });
    // One half would be the same from both sides.
    expect(Math.abs(probability - 0.5)).toBeGreaterThan(0.001);
    const shown = (await cards.first().innerText()).replaceAll('\u202f', ' ');
    expect(shown).toContain(`${(100 * probability).toFixed(1)} %`);
    await accessible();
    await page.getByLabel('What its scorer says').uncheck();
    await expect.poll(() => said.count()).toBe(0);
  });

  it('Compare: greys what rests on too few comparisons, and shows completions side by side', async () => {
    await open(`/compare?ids=${edge.experimentId}`);
    await page.locator('td.few').first().waitFor();
    expect(await page.locator('td.few').first().textContent()).toContain('only 8 comparisons');
    await page.getByLabel('At equal length').check();
    await page.getByRole('button', { name: /^Read rlcd/ }).click();
    await page.getByText('8 prompts in common').waitFor();
    // What is open stands in the address.
    await page.reload();
    await page.getByText('8 prompts in common').waitFor();
    expect(await page.getByLabel('At equal length').isChecked()).toBe(true);
    await accessible();
    await compareCurves(page, edge);
  });

  it('Compare: the base experiment is the base model, and says nothing of settings that it cannot have', async () => {
    const { items } = await edge.client.listExperiments({ query: { method: 'base' } });
    const base = items[0];
    await open(`/compare?ids=${base?.id},${edge.experimentId}`);
    const matrix = page.getByRole('region', { name: /^Win rates/ });
    await matrix.getByRole('columnheader').nth(2).waitFor();
    expect(await matrix.getByRole('columnheader').allInnerTexts()).toEqual([
      'System',
      'against base model',
      expect.stringMatching(/^against rlcd/),
    ]);
    expect(await page.getByText('no prompt in common').count()).toBe(0);
    const settings = page.getByRole('region', { name: 'Settings' });
    const names = await settings.getByRole('rowheader').allInnerTexts();
    expect(names).toContain('method');
    expect(names.filter((name) => /^(simulate|ppo|select|judge)/.test(name))).toEqual([]);
    await page.getByText(/^base .+ has none of the settings of simulate, .*ppo, .*: its method/).waitFor();
    await goThroughCharts(page);
    await page.getByLabel('Only settings that differ').uncheck();
    await settings.getByRole('rowheader', { name: 'ppo: steps' }).waitFor();
    await expectWholeOnPhone(page, [/^Win rates/, 'Settings']);
    await accessible();
    await open(`/compare?ids=${base?.id}`);
    await page.getByText('add an experiment that aligns it').waitFor();
    await open(`/pairs/${base?.id}`);
    await page.getByText('The method base samples no pairs').waitFor();
    await open(`/label/${base?.id}`);
    await page.getByText('The method base has no stage judge').waitFor();
    await expectFitsEverywhere(page);
  });

  it('Label: by keyboard, with undo, agreement and position bias', async () => {
    await open(`/label/${edge.experimentId}`);
    await page.getByRole('article').waitFor();
    await page.getByRole('region', { name: 'What to judge by' }).getByText(/kind/).first().waitFor();
    for (const text of await page.getByRole('article').locator('.text').allTextContents()) {
      expect(text).toBe(text.trim());
    }
    for (const [key, progress] of [
      ['a', '1 labelled, 7 to go'],
      ['b', '2 labelled, 6 to go'],
      ['t', '3 labelled, 5 to go'],
      // What is skipped is no label.
      ['s', '3 labelled, 1 skipped, 4 to go'],
      ['u', '3 labelled, 5 to go'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByText(progress, { exact: true }).waitFor();
    }
    const share = page.getByRole('progressbar', { name: 'Labelled' });
    expect(await share.getAttribute('aria-valuenow')).toBe(String(Math.round(100 * (3 / 8))));
    await page.getByText('Agreement with sentiment').waitFor();
    await page.getByText('Position bias').waitFor();
    const said = await edge.client.listComparisons({
      parameters: { experimentId: edge.experimentId },
      query: { source: 'human' },
    });
    expect(said.items).toHaveLength(3);
    await accessible();
    // On a phone the buttons stay in view, whatever stands above them.
    await page.setViewportSize({ width: 360, height: 640 });
    await page.evaluate(() => scrollTo(0, 0));
    const box = await page.getByRole('button', { name: /Undo/ }).boundingBox();
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('Principles: versions with their difference, labels, users, and a try on a prompt by a real runner', async () => {
    const runner = await visitPrinciples(page, edge);
    await visit('Runners');
    const alive = page.getByRole('rowheader', { name: 'runner', exact: true });
    await expect.poll(() => alive.count()).toBe(1);
    await accessible();
    await runner.stop();
  });

  it('Runners: asks the launcher, and says what it answered', async () => {
    await page.getByRole('button', { name: 'Start a runner' }).click();
    const answer = page
      .getByText(/nothing to start runners with|Not started|launched|skipped|refused/)
      .first();
    await answer.waitFor();
    expect(await answer.isVisible()).toBe(true);
  });

  it('stands the dark and 360 pixels on every page', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 360, height: 740 });
    const paths = [...PAGES.map((name) => `/${name.toLowerCase()}`), `/experiments/${edge.experimentId}`];
    const more = [
      `/experiments/${edge.experimentId}?tab=samples`,
      `/experiments/${edge.experimentId}?tab=lineage`,
      `/pairs/${edge.experimentId}`,
      `/label/${edge.experimentId}`,
      `/compare?ids=${edge.experimentId}`,
    ];
    for (const path of [...paths, ...more]) {
      await open(path);
      await accessible();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, path).toBeLessThanOrEqual(360);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('marks in the navigation the page that an address is part of', async () => {
    const marked = page.getByRole('navigation', { name: 'Pages' }).locator('[aria-current="page"]');
    for (const [path, name] of [
      [`/experiments/${edge.experimentId}`, 'Experiments'],
      [`/experiments/${edge.experimentId}?tab=samples`, 'Experiments'],
      ['/experiments/new', 'Experiments'],
      [`/pairs/${edge.experimentId}`, 'Pairs'],
      ['/write', 'Principles'],
    ]) {
      await open(path ?? '');
      expect(await marked.allInnerTexts(), path).toEqual([name]);
    }
  });

  it('shows a hostile completion as text, and nothing else changes', async () => {
    edge.execute('UPDATE preference_pairs SET chosen = ?', HOSTILE);
    edge.execute('UPDATE comparison_candidates SET first_response = ?', HOSTILE);
    edge.execute('UPDATE samples SET response = ?', HOSTILE);
    for (const path of ['pairs', 'label', `experiments`]) {
      await open(`/${path}/${edge.experimentId}${path === 'experiments' ? '?tab=samples' : ''}`);
      await page.getByText('<img src=x onerror=').first().waitFor();
      await page.locator('.mark').getByText('U+202E').first().waitFor();
      const more = page.getByRole('button', { name: /Show all/ }).first();
      await more.click();
      await page.getByRole('button', { name: 'Show less' }).waitFor();
      const seen = await page.evaluate(() => ({
        injected: document.querySelectorAll('main img, main script').length,
        title: document.title,
        wide: document.documentElement.scrollWidth > innerWidth,
      }));
      expect(seen, path).toEqual({ injected: 0, title: expect.stringMatching(/ · RLCD$/), wide: false });
    }
  });

  it('says when the edge is gone, keeps what it shows, and goes on live when it is back', async () => {
    await open('/experiments');
    await page.getByText('Live', { exact: true }).waitFor();
    await edge.kill();
    await page.getByText('Offline', { exact: true }).waitFor();
    expect(await page.getByRole('row', { name: /seed 3/ }).count()).toBe(2);
    await edge.start();
    await page.getByText('Live', { exact: true }).waitFor();
    await edge.client.createExperiment({ body: { ...(await bodyOf(edge)), name: 'made while live' } });
    await page.getByRole('link', { name: 'made while live' }).waitFor();
  });

  it('signs out, and has broken neither the policy nor anything else on the way', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Key', { exact: true }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    expect(faults).toEqual([]);
  });
});
