/** `npm run build:dashboard`: builds the dashboard's files, unless they are up to date. */
import { ensureDashboard } from './hosts/build-dashboard.ts';

console.log(await ensureDashboard());
