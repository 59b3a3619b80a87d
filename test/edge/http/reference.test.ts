/** The reference page: whole, with links that lead somewhere, and alive in a real browser under its policy. */
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { CHROMIUM_ABSENT, findChromium, launchChromium } from '../../../scripts/tools/browser/chromium.ts';
import answers from '../../../edge/http/reference/answers.json' with { type: 'json' };
import { contract } from '../../../shared/api/contract.ts';
import { expectAccessible } from '../dashboard/accessible.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';

const harness = await createHarness(async () => openNodeStore(createFolder()));
const text = await (await harness.fetch('/reference')).text();
const { document } = parseHTML(text);
const textOf = (id: string) => document.getElementById(id)?.textContent ?? '';

describe('the reference page', () => {
  it('shows every operation with its scopes, its answers and an example in both languages', () => {
    for (const operation of Object.keys(contract)) {
      const entry = textOf(operation);
      expect(entry).toContain(`client.${operation}(`);
      expect(entry).toContain("curl 'http://127.0.0.1:8787/v1/");
      expect(entry).toMatch(/a key with the scope|no key is needed/);
    }
  });

  it('shows fields with their type, whether they are required, and their default', () => {
    const row = (id: string, name: string) =>
      [...(document.getElementById(id)?.querySelectorAll('tr') ?? [])].find(
        (one) => one.querySelector('code')?.textContent === name,
      )?.textContent ?? '';
    expect(row('createExperiment', 'principle.name')).toMatch(/required\s+body\s+string/);
    expect(row('createExperiment', 'shards')).toMatch(/integer, 1 to 1000[^]*Default: 1/);
    expect(row('schema-PpoSettings', 'klEstimator')).toMatch(/"k1" or "k2"[^]*Default: "k1"/);
    expect(row('listExperiments', 'cursor')).toMatch(/query\s+string/);
  });

  it('has no link that leads nowhere, and nothing from another host or inside the page', () => {
    const hrefs = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href') ?? '');
    const anchors = hrefs.filter((href) => href.startsWith('#'));
    expect(anchors.length).toBeGreaterThan(100);
    const ids = new Set([...document.querySelectorAll('[id]')].map((element) => `#${element.id}`));
    expect(anchors.filter((href) => !ids.has(href))).toEqual([]);
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(text).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
  });
});

it('shows an answer of every operation that answers JSON', () => {
  const shown = Object.keys(contract).filter((operation) => textOf(operation).includes('Answer'));
  expect(shown.toSorted()).toEqual(Object.keys(answers).toSorted());
  expect(textOf('createExperiment')).toContain('"status": "queued"');
});

describe.skipIf(findChromium() === undefined)(`the reference in a browser (${CHROMIUM_ABSENT})`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
  });

  it('opens what an address names, searches, changes tabs, and breaks no rule of its policy', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const faults: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      const response = await harness.fetch(pathname);
      const headers = Object.fromEntries(response.headers);
      await route.fulfill({ status: response.status, headers, body: await response.text() });
    });
    await page.goto('http://localhost/reference#createKey');
    const entry = page.locator('#createKey');
    await entry.locator('table').first().waitFor({ state: 'visible' });
    const [curl, typeScript] = [entry.locator('.samples pre').first(), entry.locator('.samples pre').last()];
    expect(await curl.isVisible()).toBe(true);
    await entry.getByLabel('TypeScript', { exact: true }).first().check();
    expect([await curl.isVisible(), await typeScript.isVisible()]).toEqual([false, true]);

    await page.getByLabel('Search').fill('blind label');
    await page.locator('#labelBlindPair').waitFor({ state: 'visible' });
    expect(await page.locator('#createKey').isVisible()).toBe(false);
    expect(await page.locator('#found').textContent()).toMatch(/^\d+ of \d+$/);
    await page.getByLabel('Search').fill('');
    await entry.waitFor({ state: 'visible' });

    await expectAccessible(page);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    // No icon is named, and a page without the dashboard has none.
    expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
    await page.close();
  });
});
