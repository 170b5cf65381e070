/** The process log (pino) and the way out of the access log's lines. Both go to one sink. */
import pino from 'pino';
import type { LogConfig } from '../types/config.ts';
import type { Log } from '../types/policy.ts';
import type { Lines } from '../types/threads.ts';
import { printable } from './printable.ts';

/** The process log in the format configured. `fatal` is for what ends the process. */
export interface ProcessLog extends Log {
  fatal(fields: object, message: string): void;
}

/** Where whole lines go. */
export interface LineWriter {
  /** `written` is called when bytes are needed no more: until then they stay as they are. */
  write(lines: Lines, written?: () => void): void;
}

/** Makes the process log. Lines are whole when they reach `sink`. */
export function createLog(config: Pick<LogConfig, 'level' | 'format'>, sink: LineWriter): ProcessLog {
  const write = lineWriter(config, sink);
  return pino({ ...lineOptions(config.format), level: config.level }, { write });
}

/** The way out of the threads' access log: batches of whole lines in JSON, made readable where that is wanted. */
export function createAccessWriter(config: Pick<LogConfig, 'format'>, sink: LineWriter): LineWriter['write'] {
  return lineWriter(config, sink);
}

function lineWriter(config: Pick<LogConfig, 'format'>, sink: LineWriter): LineWriter['write'] {
  if (config.format !== 'pretty') return (lines, written) => sink.write(lines, written);
  return (lines, written) => sink.write(textOf(lines).split('\n').map(prettyLine).join(''), written);
}

/** Lines as text, whichever they are. */
export function textOf(lines: Lines): string {
  return typeof lines === 'string' ? lines : Buffer.from(lines.buffer, lines.byteOffset, lines.length).toString();
}

/** How pino writes lines of a format; `pretty` is made of JSON on the way out. */
export function lineOptions(format: LogConfig['format']): pino.LoggerOptions {
  return format === 'ecs' ? ecsOptions() : jsonOptions();
}

/** The same names as the access log has, so that one parser reads both. */
function jsonOptions(): pino.LoggerOptions {
  return {
    base: { pid: process.pid },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.epochTime,
    serializers: { err: pino.stdSerializers.err },
    formatters: { level: (level) => ({ level }) },
  };
}

/** Elastic Common Schema 8: the names its log pipelines index without a mapping. */
function ecsOptions(): pino.LoggerOptions {
  return {
    base: { 'ecs.version': '8.11.0', 'service.name': 'weir', 'process.pid': process.pid },
    messageKey: 'message',
    timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
    formatters: {
      level: (level) => ({ 'log.level': level }),
      log: ({ err, ...fields }) => (err instanceof Error ? { ...fields, error: ecsError(err) } : { ...fields, err }),
    },
  };
}

function ecsError(error: Error): object {
  return { type: error.name, message: error.message, stack_trace: error.stack };
}

const HIDDEN: ReadonlySet<string> = new Set(['level', 'time', 'message', 'pid', 'err']);

/** One JSON log line as people read it: `10:20:30.123 INFO  message  key=value`; a stack follows indented. */
export function prettyLine(line: string): string {
  if (line === '') return '';
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return `${line}\n`;
  }
  let text = `${prettyTime(entry.time)} ${prettyLevel(entry.level).padEnd(5)} ${printable(String(entry.message ?? ''))}`;
  for (const [name, value] of Object.entries(entry)) if (!HIDDEN.has(name)) text += `  ${name}=${prettyValue(value)}`;
  const stack = (entry.err as { stack?: string } | undefined)?.stack;
  return stack ? `${text}\n    ${stack.replaceAll('\n', '\n    ')}\n` : `${text}\n`;
}

function prettyTime(time: unknown): string {
  return typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : '-';
}

function prettyLevel(level: unknown): string {
  const label = typeof level === 'number' ? pino.levels.labels[level] : level;
  return typeof label === 'string' ? label.toUpperCase() : '-';
}

function prettyValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=\x00-\x1f]+$/.test(value)) return value;
  return JSON.stringify(value);
}
