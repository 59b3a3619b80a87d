/** Signing in and staying signed in, in a real browser: where the key lies, what ends a session, and what other pages can do with it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Child } from '../../../scripts/processes/child.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { CHROMIUM_ABSENT, findChromium, launchChromium } from '../../../scripts/tools/browser/chromium.ts';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { SESSION_HEADER } from '../../../shared/api/sessions.ts';
import { expectAccessible, expectFitsPhone } from './accessible.ts';

const present = findChromium() !== undefined;
if (!present) console.log(`skipped: ${CHROMIUM_ABSENT}`);

const ADMIN_KEY = 'an-administrator-key-for-tests-only-0123456789';
const COOKIE = /rlcd_session_\d+=/;

describe.skipIf(!present)('a session', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-session-'));
  let edge: Child;
  let url = '';
  let admin: Client;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** A page of somebody else on another port of the same host. */
  let other: Server;
  let otherUrl = '';

  beforeAll(async () => {
    const port = await freePort();
    url = edgeUrl(port);
    admin = createClient({ baseUrl: url, key: ADMIN_KEY });
    edge = await startEdge({ host: 'node', port, dataFolder: folder, adminKey: ADMIN_KEY });
    other = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end('<title>Other</title><h1>Other</h1>');
    });
    const otherPort = await freePort();
    other.listen(otherPort, '127.0.0.1');
    await once(other, 'listening');
    otherUrl = edgeUrl(otherPort);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    other?.close();
    edge?.kill('SIGKILL');
    await edge?.exited;
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await context?.close();
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(120_000);
    page = await context.newPage();
  });

  const keyOf = async (name: string) => {
    const { id, secret } = await admin.createKey({ body: { name, scopes: ['client'] } });
    return { id, secret: secret ?? '' };
  };
  const keyField = (tab: Page) => tab.getByLabel('Key', { exact: true });
  const signIn = async (key: string, stays: boolean) => {
    await page.goto(url);
    await keyField(page).fill(key);
    if (stays) await page.getByLabel(/^Stay signed in/).check();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No experiment yet').waitFor();
  };
  const newTab = async () => {
    const tab = await context.newPage();
    await tab.goto(`${url}/experiments`);
    return tab;
  };
  const keptBy = async (tab: Page) =>
    await tab.evaluate(() =>
      JSON.stringify([
        Object.entries(localStorage),
        Object.entries(sessionStorage),
        document.cookie,
        location.href,
      ]),
    );

  it('asks for the key, says why one is refused, and keeps it out of addresses', async () => {
    const runner = await admin.createKey({ body: { name: 'runner only', scopes: ['runner'] } });
    const { secret } = await keyOf('asked');
    await page.goto(url);
    await keyField(page).fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('This key is not known here').waitFor();
    await expectAccessible(page);
    // No browser sends such a key: that is no edge that cannot be reached.
    for (const key of ['two words', 'ключ', '🔑', 'k'.repeat(100_000)]) {
      await keyField(page).fill(key);
      await expect.poll(() => page.getByRole('alert').count()).toBe(0);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').getByText('This key is not known here').waitFor();
    }
    // What is typed anew was not refused.
    await keyField(page).fill('other');
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    await keyField(page).fill(runner.secret ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('cannot read experiments').waitFor();
    await signIn(secret, false);
    expect(page.url()).not.toContain(secret);
    const kept = await page.evaluate(() => Object.values(localStorage).join(' ') + document.cookie);
    expect(kept).not.toContain(secret);
  });

  it('of a tab alone leaves no cookie, and another tab asks for the key', async () => {
    const { secret } = await keyOf('tab');
    await signIn(secret, false);
    expect(await context.cookies()).toEqual([]);
    await keyField(await newTab()).waitFor();
  });

  it('does not ask who is signed in for the key while the edge is slow to say whose it is', async () => {
    const { secret } = await keyOf('reloads');
    await signIn(secret, false);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    await page.route('**/v1/key', async (route) => {
      asked.resolve();
      await answer.promise;
      await route.continue();
    });
    await page.reload();
    await asked.promise;
    await page.getByText('Signing in…').waitFor();
    expect(await keyField(page).count()).toBe(0);
    expect(await page.getByRole('heading').count()).toBe(0);
    answer.resolve();
    await page.getByText('No experiment yet').waitFor();
    // An edge that cannot be reached leaves somewhere to try again.
    await page.unroute('**/v1/key');
    await page.route('**/v1/key', async (route) => await route.abort());
    await page.reload();
    await page.getByRole('alert').waitFor();
    await keyField(page).waitFor();
  });

  it('leaves nothing that was read to who signs in next', async () => {
    const [first, second] = [await keyOf('first'), await keyOf('second')];
    const models = () =>
      page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Models' });
    await signIn(first.secret, false);
    await models().click();
    await page.getByText('No model yet').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    const asked = page.waitForRequest((request) => request.url().includes('/v1/base-models'));
    await keyField(page).fill(second.secret);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await models().click();
    expect((await (await asked).allHeaders())['authorization']).toBe(`Bearer ${second.secret}`);
  });

  it('that stays opens new tabs, and the key lies nowhere in the browser', async () => {
    const { secret } = await keyOf('stays');
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(url);
    await keyField(page).waitFor();
    await expectAccessible(page);
    await expectFitsPhone(page);
    await signIn(secret, true);
    const tab = await newTab();
    await tab.getByText('No experiment yet').waitFor();
    await tab.getByText('Live', { exact: true }).waitFor();
    for (const one of [page, tab]) {
      expect(await keptBy(one)).not.toContain(secret);
      expect(await keptBy(one)).not.toMatch(COOKIE);
    }
    const [cookie, ...others] = await context.cookies();
    expect(others).toEqual([]);
    expect(cookie?.name).toBe(`rlcd_session_${new URL(page.url()).port}`);
    expect(cookie).toMatchObject({ path: '/v1', httpOnly: true, sameSite: 'Strict' });
    expect(cookie?.value).not.toContain(secret.slice(-43));
    // What is made by it is made by its key.
    await tab.goto(`${url}/principles`);
    await tab.getByRole('link', { name: 'New principle' }).click();
    await tab.getByLabel('Name').fill('kept');
    await tab.getByLabel('Description').fill('answers are kept');
    await tab.getByLabel('Towards').fill('(kept)');
    await tab.getByLabel('Away').fill('(lost)');
    await tab.getByRole('button', { name: 'Add the principle' }).click();
    await tab.getByRole('link', { name: 'New version' }).waitFor();
    expect((await admin.listPrinciples()).items.map(({ name }) => name)).toEqual(['kept']);
    expect(errors).toEqual([]);
  });

  it('ends in every tab when one signs out, and for a copy of the cookie', async () => {
    const { secret } = await keyOf('leaves');
    await signIn(secret, true);
    const tab = await newTab();
    await tab.getByText('Live', { exact: true }).waitFor();
    const [cookie] = await context.cookies();
    const copy = async () =>
      (
        await fetch(`${url}/v1/key`, {
          headers: { cookie: `${cookie?.name}=${cookie?.value}`, [SESSION_HEADER]: '1' },
        })
      ).status;
    expect(await copy()).toBe(200);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await keyField(page).waitFor();
    expect(await copy()).toBe(401);
    expect(await context.cookies()).toEqual([]);
    await tab.getByText('You signed out in another tab').waitFor();
    await keyField(tab).waitFor();
    expect(await tab.getByText('no longer accepted').count()).toBe(0);
    await expectAccessible(tab);
    await page.reload();
    await keyField(page).waitFor();
  });

  it('that ran out gives back what was typed when its key signs in again, and one that was left does not', async () => {
    const { secret } = await keyOf('writes');
    const again = async () => {
      await keyField(page).fill(secret);
      await page.getByLabel(/^Stay signed in/).check();
      await page.getByRole('button', { name: 'Sign in' }).click();
      return await page.getByLabel('Description').inputValue();
    };
    await signIn(secret, true);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Principles' }).click();
    await page.getByRole('link', { name: 'New principle' }).click();
    await page.getByLabel('Description').fill('answers are kind');
    await context.clearCookies();
    await page.getByLabel('Name').fill('kind');
    await page.getByRole('button', { name: /^Propose pairs/ }).click();
    await page.getByRole('button', { name: 'Add the principle' }).click();
    await page.getByText('The key is no longer accepted.').waitFor();
    expect(await again()).toBe('answers are kind');
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect(await again()).toBe('');
  });

  it('ends when its key is revoked', async () => {
    const { id, secret } = await keyOf('revoked');
    await signIn(secret, true);
    // No page is open that could learn of it first and leave the next nothing to go on with.
    await page.goto('about:blank');
    await admin.revokeKey({ parameters: { keyId: id } });
    const tab = await newTab();
    await tab.getByText('You were signed out').waitFor();
    await keyField(tab).waitFor();
    expect(await keptBy(tab)).not.toContain('rlcd-session-until');
  });

  it('is of no use to a page of another origin, though the browser sends the cookie along', async () => {
    const attacked = await admin.createKey({ body: { name: 'attacked', scopes: ['admin'] } });
    const victim = await keyOf('victim');
    await signIn(attacked.secret ?? '', true);
    const forger = await context.newPage();
    // Changes a key, and takes no body that a browser would have to ask about.
    const target = `${url}/v1/keys/${victim.id}/rotate`;
    await forger.goto(otherUrl);
    // With the header a browser asks first, and the edge allows nobody.
    const asked = await fetch(target, {
      method: 'OPTIONS',
      headers: {
        origin: otherUrl,
        'access-control-request-method': 'POST',
        'access-control-request-headers': SESSION_HEADER,
      },
    });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([405, null]);
    // A form is sent without asking, and with the cookie: ports are no sites.
    const [forged] = await Promise.all([
      forger.waitForResponse((response) => response.url() === target),
      forger.evaluate((address) => {
        const form = document.createElement('form');
        Object.assign(form, { method: 'POST', action: address, enctype: 'text/plain' });
        document.body.append(form);
        setTimeout(() => form.submit());
      }, target),
    ]);
    expect((await forged.request().allHeaders())['cookie']).toMatch(COOKIE);
    expect(forged.status()).toBe(401);
    const own = await createClient({ baseUrl: url, key: victim.secret }).getOwnKey();
    expect(own.id).toBe(victim.id);
    await page.reload();
    await page.getByText('No experiment yet').waitFor();
  });
});
