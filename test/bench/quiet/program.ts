/** A program under the quiet harness: Weir from some checkout, in a process of its own, with sockets that do nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../requests.ts';
import { OVERRIDES, SECRET } from '../rules.ts';
import { BENCH, fillFolder } from '../subjects/files.ts';
import { freePort } from '../subjects/processes.ts';
import type { Round } from './driver.ts';
import { isSigned, type LoadName, PORTS } from './messages.ts';
import { type Answer, type Order, PORT_VARIABLE, SOCKET_VARIABLE } from './preload.ts';
import type { Shares } from './samples.ts';

const PRELOAD = join(BENCH, 'quiet', 'preload.ts');
/** Requests with a nonce that one run may send. */
const NONCES = 2 ** 22;

/** One load in one process. */
export class QuietProgram {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #bench: Server;
  #thread!: Socket;
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];

  private constructor(folder: string, child: ChildProcess, bench: Server) {
    this.#folder = folder;
    this.#child = child;
    this.#bench = bench;
  }

  /**
   * Starts the Weir of `checkout` and opens the connections of `load`.
   * @throws {Error} with the end of its output where it does not start
   */
  static async start(checkout: string, load: LoadName, clients: readonly Client[]): Promise<QuietProgram> {
    const entry = join(checkout, 'src', 'main.cjs');
    if (!existsSync(entry)) throw new Error(`${checkout} is no checkout of Weir: it has no src/main.cjs`);
    const folder = mkdtempSync(join(tmpdir(), 'weir-quiet-'));
    const [port, admin] = [await freePort(), await freePort()];
    writeConfig(folder, load, port, admin);
    const args = [entry, 'serve', '--config', join(folder, 'weir.yaml')];
    return QuietProgram.#run(folder, args, port, load, clients);
  }

  /** Any other Node program that listens on the port it is given and forwards to the first upstream. */
  static async startProgram(file: string, load: LoadName, clients: readonly Client[]): Promise<QuietProgram> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-quiet-'));
    const port = await freePort();
    return QuietProgram.#run(folder, [file, String(port), String(PORTS.us)], port, load, clients);
  }

  static async #run(
    folder: string,
    args: readonly string[],
    port: number,
    load: LoadName,
    clients: readonly Client[],
  ): Promise<QuietProgram> {
    const path = join(folder, 'bench.sock');
    const bench = createServer().listen(path);
    await once(bench, 'listening');
    const log = openSync(join(folder, 'output.log'), 'a');
    const child = spawn(process.execPath, ['--import', PRELOAD, ...args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, [SOCKET_VARIABLE]: path, [PORT_VARIABLE]: String(port) },
    });
    closeSync(log);
    const program = new QuietProgram(folder, child, bench);
    try {
      await program.#meet();
      await program.#ask({ do: 'open', load, clients });
      return program;
    } catch (error) {
      const output = readFileSync(join(folder, 'output.log'), 'utf8').slice(-2000);
      await program.close();
      throw new Error(`${(error as Error).message}\n${output}`, { cause: error });
    }
  }

  /** Waits for the thread that listens. */
  async #meet(): Promise<void> {
    process.once('exit', this.#orphan);
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    this.#bench.once('connection', resolve);
    this.#child.once('exit', (code) => {
      const error = new Error(`the program ended with ${code}`);
      reject(error);
      for (const { reject: fail } of this.#waiting.splice(0)) fail(error);
    });
    this.#child.once('error', reject);
    this.#thread = await promise;
    let text = '';
    this.#thread.setEncoding('utf8').on('data', (more) => {
      text += more;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        this.#waiting.shift()!.resolve(JSON.parse(text.slice(0, end)));
        text = text.slice(end + 1);
      }
    });
    this.#thread.on('error', () => {});
  }

  /** Where the bench ends before its time. */
  readonly #orphan = (): void => {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };

  async #ask(order: Order): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.push(waiting);
    this.#thread.write(`${JSON.stringify(order)}\n`);
    const answer = await waiting.promise;
    if ('error' in answer) throw new Error(answer.error);
    return answer;
  }

  async round(count: number): Promise<Round> {
    return ((await this.#ask({ do: 'round', count })) as { round: Round }).round;
  }

  /** Who allocates (`heap`, bytes) or where time goes (`profile`, microseconds), by function, for each request. */
  async sample(what: 'heap' | 'profile', count: number, rounds: number): Promise<Shares> {
    const { shares } = (await this.#ask({ do: what, count, rounds })) as { shares: Shares };
    return shares.map(([name, size]) => [name, size / (count * rounds)] as const);
  }

  async close(): Promise<void> {
    this.#thread?.destroy();
    this.#bench.close();
    // Not SIGTERM: its idle connections would be waited for.
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await once(this.#child, 'exit');
    process.off('exit', this.#orphan);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function writeConfig(folder: string, load: LoadName, port: number, admin: number): void {
  const words = {
    ...PORTS,
    port,
    admin,
    accessLog: String(load === 'five-log'),
    secret: SECRET,
    overrides: OVERRIDES.map((pair) => pair.join(',')).join('\n'),
    nonces: NONCES,
    tls: '',
  };
  mkdirSync(folder, { recursive: true });
  fillFolder(join(BENCH, 'weir', 'config'), folder, words);
  const rules = isSigned(load) ? 'five' : 'plain';
  fillFolder(join(BENCH, 'weir', rules), join(folder, 'rules'), words);
}
