/** `npm run build:dashboard`: builds the dashboard's files, unless they are up to date. */
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { ensureDashboard } from './hosts/build-dashboard.ts';

export const command = createCommand(
  'npm run build:dashboard --',
  "Builds the dashboard's files unless they are up to date, and prints their folder.",
).action(async () => console.log(await ensureDashboard()));

if (import.meta.main) await runCommand(command);
