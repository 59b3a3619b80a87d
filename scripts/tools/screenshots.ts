/** `npm run screenshots`: pictures of every page of the dashboard over the store of a real run. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { launchChromium } from './browser/chromium.ts';
import { signIn } from './browser/sign-in.ts';
import { edgeUrl, startEdge } from '../processes/edge-process.ts';
import { freePort } from '../processes/free-port.ts';
import { readDocument } from '../read-document.ts';

const OUTPUT = 'docs/screenshots';
const MAXIMUM_BYTES = 200 * 1024;
const WIDE = { width: 1280, height: 860 };
const NARROW = { width: 360, height: 740 };
/** Curves and fonts settle. */
const SETTLE_MILLISECONDS = 1500;

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(SETTLE_MILLISECONDS);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 });
  await session.detach();
  const file = join(OUTPUT, `${name}.webp`);
  writeFileSync(file, Buffer.from(data, 'base64'));
  const { size } = statSync(file);
  if (size > MAXIMUM_BYTES) throw new Error(`${file} has ${size} bytes: at most ${MAXIMUM_BYTES} are kept`);
  console.log(`${file} ${Math.round(size / 1024)} KiB`);
}

async function shootPages(page: Page): Promise<void> {
  await page
    .getByRole('row', { name: /rlcd/ })
    .first()
    .getByRole('button', { name: /Baseline/ })
    .click();
  // The button is at the row's end, the name at its beginning.
  await page.locator('.scroll').evaluate((element) => element.scrollTo({ left: 0 }));
  await shoot(page, 'experiments');
  await page.getByRole('link', { name: /^rlcd/ }).first().click();
  await page.getByText('Preferred to the base model').waitFor();
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await shoot(page, 'experiment');
  for (const [tab, name] of [
    ['Curves', 'curves'],
    ['KL grid', 'kl-grid'],
    ['Samples', 'samples'],
    ['Artifacts', 'artifacts'],
    ['Settings', 'settings'],
  ] as const) {
    await page.getByRole('tab', { name: tab }).click();
    await shoot(page, name);
  }
  await page.getByRole('link', { name: 'Pairs', exact: true }).last().click();
  await page.getByText('Rejected').first().waitFor();
  await shoot(page, 'pairs');
  await page.goBack();
  await page.getByRole('link', { name: 'Compare', exact: true }).last().click();
  await page
    .getByRole('button', { name: /^Read rlcd/ })
    .first()
    .click();
  await shoot(page, 'compare');
  await page.getByRole('link', { name: 'Label', exact: true }).click();
  await page.getByLabel('Experiment').selectOption(id);
  await page.getByRole('article').waitFor();
  await shoot(page, 'label');
  await page.getByRole('link', { name: 'Principles' }).click();
  await page.getByText('Try it on a prompt').waitFor();
  await shoot(page, 'principles');
  await page.getByRole('link', { name: 'Runners' }).click();
  await page.getByRole('table').first().waitFor();
  await shoot(page, 'runners');
  for (const [name, file] of [
    ['Prompts', 'prompts'],
    ['Keys', 'keys'],
  ] as const) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await shoot(page, file);
  }
  await page.getByRole('link', { name: 'Experiments' }).click();
  await page.getByRole('link', { name: 'New experiment' }).click();
  await page.getByRole('button', { name: 'Look first' }).waitFor();
  await shoot(page, 'new-experiment');
}

async function shootAll(dataFolder: string): Promise<void> {
  const keys = z.object({ admin: z.string() });
  const { admin } = await readDocument(join(dataFolder, 'keys.json'), keys, "a demo's keys");
  mkdirSync(OUTPUT, { recursive: true });
  const port = await freePort();
  const edge = await startEdge({ host: 'node', port, dataFolder, adminKey: admin });
  const browser = await launchChromium();
  try {
    const open = async (viewport: typeof WIDE, colorScheme: 'light' | 'dark') => {
      const page = await browser.newPage({ viewport, colorScheme });
      page.setDefaultTimeout(120_000);
      await signIn(page, edgeUrl(port), admin);
      return page;
    };
    const page = await open(WIDE, 'light');
    await shootPages(page);
    await page.close();
    const dark = await open(WIDE, 'dark');
    await dark.getByRole('link', { name: /^rlcd/ }).first().click();
    await dark.getByRole('tab', { name: 'Curves' }).click();
    await shoot(dark, 'curves-dark');
    await dark.close();
    const narrow = await open(NARROW, 'light');
    await shoot(narrow, 'experiments-360');
    await narrow.getByRole('link', { name: /^rlcd/ }).first().click();
    await narrow.getByText('Preferred to the base model').waitFor();
    await shoot(narrow, 'experiment-360');
  } finally {
    await browser.close();
    await edge.stop();
  }
}

export const command = createCommand(
  'npm run screenshots --',
  `Takes pictures of every page of the dashboard, into ${OUTPUT}.`,
)
  .requiredOption('--data <folder>', 'what npx rlcd demo --host node --exit --data FOLDER left')
  .action(async ({ data }) => await shootAll(data));

if (import.meta.main) await runCommand(command);
