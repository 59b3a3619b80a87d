/** What every page must be at any size and in any colours: free of faults that axe finds, and no wider than its screen. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

type Screen = readonly [viewport: typeof DESK, colorScheme: 'light' | 'dark'];

export async function expectAccessible(page: Page): Promise<void> {
  // What passes is not told of: on pages of many tokens telling takes longer than looking.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] });
  const { violations } = await axe.analyze();
  const told = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary = '' }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`,
  );
  expect(told, page.url()).toEqual([]);
}

/** On a phone in the dark, then back on a desk in the light. */
export async function expectFitsPhone(page: Page): Promise<void> {
  await expectOn(page, [[PHONE, 'dark']]);
}

/** On a desk and on a phone, in the light and in the dark; the page stays open all the while, and ends on a desk in the light. */
export async function expectFitsEverywhere(page: Page): Promise<void> {
  await expectOn(page, [
    [DESK, 'light'],
    [DESK, 'dark'],
    [PHONE, 'dark'],
    [PHONE, 'light'],
  ]);
}

/**
 * What is cut at the right of a phone's screen, and wants to be scrolled sideways.
 *
 * @param names of the regions that must show all that they have
 */
export async function expectWholeOnPhone(page: Page, names: readonly (string | RegExp)[]): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const name of names) {
    const [shown, has] = await page
      .getByRole('region', { name })
      .evaluate(({ clientWidth, scrollWidth }) => [clientWidth, scrollWidth] as const);
    expect(has, String(name)).toBeLessThanOrEqual(shown);
  }
  await page.setViewportSize(DESK);
}

/** The part that the address opens, where not all of them fit. */
export async function expectTabInView(page: Page, name: string): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  const tab = page.getByRole('tab', { name });
  await expect
    .poll(async () => await tab.evaluate((element) => element.getBoundingClientRect().right))
    .toBeLessThanOrEqual(390);
  await page.setViewportSize(DESK);
}

/** What one could press if one could get there: it lies beside the screen, and nothing that scrolls brings it in. Runs in the page. */
function outOfReach(): string[] {
  const scrolls = (element: Element | null): boolean =>
    element !== null &&
    ((element.scrollWidth > element.clientWidth && /auto|scroll/.test(getComputedStyle(element).overflowX)) ||
      scrolls(element.parentElement));
  return [...document.querySelectorAll('a, button, input, select, textarea, summary')]
    .filter((element) => {
      const { left, right } = element.getBoundingClientRect();
      const isBeside = left < -1 || right > innerWidth + 1;
      return isBeside && element.checkVisibility() && !scrolls(element.parentElement);
    })
    .map(({ outerHTML }) => outerHTML.slice(0, 120));
}

async function expectOn(page: Page, screens: readonly Screen[]): Promise<void> {
  for (const [viewport, colorScheme] of screens) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await expectAccessible(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, page.url()).toBeLessThanOrEqual(viewport.width);
    expect(await page.evaluate(outOfReach), page.url()).toEqual([]);
  }
  await page.setViewportSize(DESK);
  await page.emulateMedia({ colorScheme: 'light' });
}
