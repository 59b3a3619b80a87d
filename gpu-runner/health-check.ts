/** The container's health check: ends with 0 where the edge has answered the runner lately, else with 1 and the reason. */
import { findAilment } from './runner/health.ts';

const ailment = await findAilment(process.env['RLCD_CACHE'] ?? '.rlcd/runner', Date.now());
if (ailment !== null) {
  console.error(ailment);
  process.exitCode = 1;
}
