/**
 * SkyPilot: one managed job for each launch, on whatever cloud has the GPU (`sky jobs launch`, where its API server
 * keeps it). Written from its documentation and never run against it.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runnerEnvironment, type Variables } from './provider.ts';
import type { StartRunner } from './receive.ts';

const TASK = fileURLToPath(new URL('../skypilot/runner.yaml', import.meta.url));

/** @param program `sky`, or what stands in for it in a test */
export function skypilot(variables: Variables, program = 'sky'): StartRunner {
  return async (launch) => {
    const name = `rlcd-runner-${launch.launchId}`;
    const { RLCD_RUNNER_KEY: key, ...plain } = runnerEnvironment(variables, launch);
    const environment = Object.entries(plain).flatMap(([variable, value]) => [
      '--env',
      `${variable}=${value}`,
    ]);
    // The key is named only: its value is read from this process's environment, and stands on no command line.
    const child = spawn(
      program,
      [
        'jobs',
        'launch',
        '--yes',
        '--async',
        '--name',
        name,
        ...environment,
        '--secret',
        'RLCD_RUNNER_KEY',
        TASK,
      ],
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
