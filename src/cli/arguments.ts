/** Command lines, read the same way by every command. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** Exit status for a command line that makes no sense (sysexits.h). */
export const EX_USAGE = 64;

/** Exit status where config or rules have problems. */
export const EX_PROBLEMS = 3;

type Values<T extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ args: string[]; options: T }>>['values'];

/**
 * Reads the options of `weir <command>`. A number where there is nothing more to do: help was asked for and shown, or
 * the line is wrong and one line said so.
 */
export function readArguments<const T extends ParseArgsOptionsConfig>(
  command: string,
  usage: string,
  args: string[],
  options: T,
): Values<T> | number {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    return parseArgs({ args, options }).values as Values<T>;
  } catch (error) {
    return wrongArguments(command, (error as Error).message.split('\n')[0]!);
  }
}

/** Says what is wrong with a command line; returns the exit status. */
export function wrongArguments(command: string, message: string): number {
  process.stderr.write(`weir ${command}: ${message} (see weir ${command} --help)\n`);
  return EX_USAGE;
}
