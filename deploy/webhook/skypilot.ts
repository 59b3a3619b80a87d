/**
 * SkyPilot: one managed job for each launch, on whatever cloud has the GPU (`sky jobs launch`, where its API server
 * keeps it). Written from its documentation and never run against it.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Environment, readVariables } from '../../shared/read-variables.ts';
import { RUNNER_VARIABLES, runnerEnvironment } from './provider.ts';
import type { StartRunner } from './receive.ts';

const TASK = fileURLToPath(new URL('../skypilot/runner.yaml', import.meta.url));

/** @param program `sky`, or what stands in for it in a test. @throws ConfigurationError */
export function skypilot(environment: Environment<typeof RUNNER_VARIABLES>, program = 'sky'): StartRunner {
  const variables = readVariables(RUNNER_VARIABLES, environment);
  return async (launch) => {
    const name = `rlcd-runner-${launch.launchId}`;
    const { RLCD_RUNNER_KEY: key, ...plain } = runnerEnvironment(variables, launch);
    const options = Object.entries(plain).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]);
    // The key is named only: its value is read from this process's environment, and stands on no command line.
    const child = spawn(
      program,
      ['jobs', 'launch', '--yes', '--async', '--name', name, ...options, '--secret', 'RLCD_RUNNER_KEY', TASK],
      { env: { ...process.env, RLCD_RUNNER_KEY: key }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let fault = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      fault = `${fault}${text}`.slice(-300);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${fault.trim()}`);
    return name;
  };
}
