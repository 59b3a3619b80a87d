/** The processes of a chaos run: an edge on a machine that can be made unsound, and runners, each behind a proxy. */
import { join } from 'node:path';
import type { Client } from '../../../shared/api/client.ts';
import { adminClient, openDataFolder, type DataFolder } from '../../experiment/data-folder.ts';
import type { Child } from '../../processes/child.ts';
import { edgeUrl, startEdge } from '../../processes/edge-process.ts';
import { freePort } from '../../processes/free-port.ts';
import { startRunner } from '../../processes/runner-process.ts';
import { Proxy, type Point } from './proxy.ts';
import { unsoundness, type Unsoundness } from './unsoundness.ts';

const EDGE = 'edge';
const RUNNERS = ['runner-1', 'runner-2'] as const;
export type Runner = (typeof RUNNERS)[number];
export type Machine = Runner | typeof EDGE;

/** Told of every point of a runner's traffic; the traffic waits until it returns. */
type OnTraffic = (runner: Runner, point: Point) => Promise<void>;

export class Machines {
  readonly client: Client;
  readonly #folder: DataFolder;
  readonly #model: string;
  readonly #edgePort: number;
  readonly #proxies = new Map<Runner, { readonly proxy: Proxy; readonly port: number }>();
  readonly #children = new Map<Machine, Child>();
  #restarts = Promise.resolve();
  #state: Unsoundness = unsoundness.parse({});
  /** Who looks at the traffic at present. */
  onTraffic: OnTraffic = async () => {};

  private constructor(folder: DataFolder, model: string, edgePort: number) {
    this.#folder = folder;
    this.#model = model;
    this.#edgePort = edgePort;
    this.client = adminClient(edgeUrl(edgePort), folder);
  }

  /** An edge over a fresh store in the folder, and the runners. @param model that the runners may open, as the command names it */
  static async start(path: string, model: string): Promise<Machines> {
    const edgePort = await freePort();
    const holder = { command: 'npm run chaos', url: edgeUrl(edgePort) };
    const machines = new Machines(await openDataFolder(path, new Date(), holder), model, edgePort);
    try {
      await machines.#start(EDGE);
      for (const runner of RUNNERS) {
        const proxy = new Proxy(edgePort, async (point) => await machines.onTraffic(runner, point));
        machines.#proxies.set(runner, { proxy, port: await proxy.listen() });
        await machines.#start(runner);
      }
    } catch (error) {
      await machines.stop();
      throw error;
    }
    return machines;
  }

  /** The folder of the edge's store. */
  get store(): string {
    return join(this.#folder.path, 'edge-node');
  }

  get state(): Unsoundness {
    return this.#state;
  }

  /** Makes the edge's machine as it says in what it names; a new edge process finds it so. */
  set(change: Partial<Unsoundness>): void {
    this.#state = { ...this.#state, ...change };
    this.#children.get(EDGE)?.send(this.#state);
  }

  /** Kills, and resolves when the victim is gone; it is started again behind that. What is coming up is killed when it is up. */
  async kill(machine: Machine): Promise<void> {
    await this.#restarts;
    const child = this.#children.get(machine);
    child?.kill('SIGKILL');
    await child?.exited;
    this.#restarts = this.#restarts.then(() => this.#start(machine));
    // Told by `restarted`.
    this.#restarts.catch(() => {});
  }

  signal(machine: Machine, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#children.get(machine)?.kill(signal);
  }

  /** Resolves when everything that was killed is up again. @throws ChildEndedError where it does not come up */
  async restarted(): Promise<void> {
    await this.#restarts;
    for (const child of this.#children.values()) {
      const exit = child.exit();
      if (exit) throw new Error(`${child.name} has ended by itself: ${child.logFile}`);
    }
  }

  async stop(): Promise<void> {
    await this.#restarts.catch(() => {});
    for (const child of this.#children.values()) child.kill('SIGCONT');
    await Promise.all([...this.#children.values()].map((child) => child.stop()));
    await Promise.all([...this.#proxies.values()].map(({ proxy }) => proxy.close()));
    this.#folder.close();
  }

  async #start(machine: Machine): Promise<void> {
    this.#children.set(
      machine,
      machine === EDGE ? await this.#startEdge() : await this.#startRunner(machine),
    );
  }

  async #startEdge(): Promise<Child> {
    const preload = new URL('./unsound-machine.ts', import.meta.url);
    preload.searchParams.set('state', JSON.stringify(this.#state));
    return await startEdge({
      host: 'node',
      port: this.#edgePort,
      dataFolder: this.#folder.path,
      adminKey: this.#folder.adminKey,
      preload: [preload.href],
    });
  }

  async #startRunner(runner: Runner): Promise<Child> {
    return startRunner({
      url: edgeUrl(this.#proxies.get(runner)?.port ?? this.#edgePort),
      key: await this.#folder.runnerKey(this.client),
      name: runner,
      dataFolder: this.#folder.path,
      models: [this.#model],
    });
  }
}
