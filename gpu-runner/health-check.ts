/** The container's health check: ends with 0 where the edge has answered the runner lately, else with 1 and the reason. */
import { readCacheFolder } from './runner/configuration.ts';
import { findAilment } from './runner/health.ts';

const ailment = await findAilment(readCacheFolder(process.env), Date.now());
if (ailment !== null) {
  console.error(ailment);
  process.exitCode = 1;
}
