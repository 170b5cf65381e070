/** What the control plane's tests share. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LineSink } from '../control/line-sink.ts';
import { type ProcessLog, textOf } from '../log/log.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import type { Lines } from '../types/threads.ts';

/** Waits for a condition by looking again and again; fails with `what` after `timeout` milliseconds. */
export async function until(condition: () => unknown, what: string, timeout = 10_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeout} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A fresh folder that goes with the test. */
export function tempFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'weir-control-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface LogLine {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A log that keeps its lines. */
export function memoryLog(): ProcessLog & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: fields as Record<string, unknown>, message });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
}

/** A sink that keeps what is written. */
export function memorySink(): LineSink & { text: string } {
  return {
    text: '',
    dropped: 0,
    onRecovered: () => {},
    write(lines: Lines, written?: () => void) {
      this.text += textOf(lines);
      written?.();
    },
    close: () => Promise.resolve(),
  };
}

/** The least plan; `revision` tells plans apart. What `rules` holds steers the fake worker. */
export function plan(revision: string, more: Partial<Plan> = {}): Plan {
  return { revision, regions: [], upstreams: [], policies: [], routes: [], tests: [], ...more };
}

export function config(more: Partial<WeirConfig> = {}): WeirConfig {
  return {
    file: '/nowhere/weir.yaml',
    listeners: [{ host: '127.0.0.1', port: 0, tls: null, halfClose: false }],
    admin: null,
    threads: 2,
    rules: '/nowhere/rules',
    reload: { settle: 10 },
    runtime: null,
    state: null,
    watchdog: { unresponsive: 2000, replace: 10_000, memory: 0 },
    store: { kind: 'memory', nonces: 1000, limits: 1000 },
    geoip: { database: '/nowhere/geo.mmdb', overrides: null, required: true },
    trustedProxies: [],
    passHeaders: { fromTrusted: [], fromAnyone: [] },
    log: { level: 'info', format: 'json', access: true },
    limits: {
      headerSize: 16384,
      bodySize: 1e6,
      headerTimeout: 1e4,
      requestTimeout: 6e4,
      uploadRate: 500,
      idleTimeout: 6e4,
      connections: 1000,
      drainTimeout: 1000,
      drainGrace: 0,
      policyTimeout: 10_000,
    },
    ...more,
  };
}
