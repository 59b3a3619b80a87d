/** A real browser for tests, screenshots and the bench: Debian's Chromium, or the one that CHROMIUM_PATH names. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
];

/** Said where a check needs a browser and none is there. */
export const CHROMIUM_ABSENT =
  'Chromium is absent: apt-get install chromium, or name a browser by CHROMIUM_PATH';

/** The browser's program; undefined where there is none. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  return [...(named === undefined ? [] : [named]), ...USUAL_PLACES].find((path) => existsSync(path));
}

/** Starts it without a window and without a word to the network. @throws Error where there is none */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(CHROMIUM_ABSENT);
  return await chromium.launch({
    executablePath,
    timeout: 120_000,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
  });
}
