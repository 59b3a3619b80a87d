/** `npm run bench -- dashboard`: the dashboard in a real browser over 10,000 experiments and 1,000,000 metric points: when the list answers, when a curve stands on the screen, and how long the page is busy at a stretch while live. */
import { DatabaseSync } from 'node:sqlite';
import { launchChromium } from '../../scripts/tools/browser/chromium.ts';
import { createFolder, createStore, startHost } from './edge/hosts.ts';
import { CURVE_POINTS, CURVES, METRIC, seedStore } from './edge/seed-store.ts';
import { median } from './common/figures.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';

const ROUNDS = 5;
/** The page is watched so long while it reads the rest of the list. */
const WATCHED_MILLISECONDS = 10_000;
const WAIT_MILLISECONDS = 120_000;

/** Simulation tasks draw no curve: the one with the points is shown as the policy's. @returns its experiment */
function showAsPolicy(path: string, taskId: string): string {
  const database = new DatabaseSync(path, { timeout: 30_000 });
  database
    .prepare("UPDATE stages SET kind = 'ppo' WHERE id = (SELECT stage_id FROM stage_tasks WHERE task_id = ?)")
    .run(taskId);
  database.prepare("UPDATE metric_chunks SET name = 'objective/scores' WHERE name = ?").run(`${METRIC}-0`);
  const row = database.prepare('SELECT experiment_id FROM tasks WHERE id = ?').get(taskId);
  database.close();
  return String(row?.['experiment_id']);
}

interface Figures {
  /** From the click on "Sign in" to the first row, in milliseconds. */
  readonly listMs: number;
  /** From the click on "Curves" to the first drawn canvas. */
  readonly curveMs: number;
  /** The longest stretch that the page was busy. */
  readonly longestTaskMs: number;
}

async function measure(origin: string, key: string, experimentId: string): Promise<Figures> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(WAIT_MILLISECONDS);
    await page.addInitScript(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { longTasks: tasks });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: 'longtask', buffered: true });
    });
    await page.goto(origin);
    await page.getByLabel('API key').fill(key);
    const clicked = performance.now();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('row', { name: /bench/ }).first().waitFor();
    const listMs = performance.now() - clicked;
    await page.waitForTimeout(WATCHED_MILLISECONDS);
    await page.goto(`${origin}/experiments/${experimentId}`);
    const tab = page.getByRole('tab', { name: 'Curves' });
    await tab.waitFor();
    const opened = performance.now();
    await tab.click();
    await page.locator('canvas').first().waitFor();
    const curveMs = performance.now() - opened;
    const longest = await page.evaluate(() =>
      Math.max(0, ...(globalThis as unknown as { longTasks: number[] }).longTasks),
    );
    return { listMs, curveMs, longestTaskMs: longest };
  } finally {
    await browser.close();
  }
}

export const command = createCommand(
  'npm run bench -- dashboard',
  'The dashboard in a real browser over 10,000 experiments and 1,000,000 metric points: when the list ' +
    'answers, when a curve stands on the screen, and how long the page is busy at a stretch while live.',
)
  .addOption(jsonOption())
  .action(async ({ json }) => {
    const folder = createFolder();
    const store = createStore('node', folder.path);
    const { curveTaskId } = seedStore(store, 1);
    const experimentId = showAsPolicy(store, curveTaskId);
    const host = await startHost('node', folder.path);
    try {
      const rounds: Figures[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        rounds.push(await measure(host.origin, host.adminKey, experimentId));
      }
      const figures = {
        points: CURVES * CURVE_POINTS,
        listMs: Math.round(median(rounds.map(({ listMs }) => listMs))),
        curveMs: Math.round(median(rounds.map(({ curveMs }) => curveMs))),
        longestTaskMs: Math.round(Math.max(...rounds.map(({ longestTaskMs }) => longestTaskMs))),
      };
      console.log(
        json
          ? JSON.stringify(figures)
          : `list ${figures.listMs} ms, curve ${figures.curveMs} ms, longest task ${figures.longestTaskMs} ms`,
      );
    } finally {
      await host.stop();
      folder.remove();
    }
  });
