/** The files that policies read while they run, tried as they will be read. */
import { readShared } from '../geo/read.ts';
import type { NamedFile } from '../plan/policies.ts';
import { byPlace, type Problem } from '../plan/problems.ts';
import { problemAt } from './resources.ts';

/**
 * What is wrong with `files`, at the places that name them. An error keeps Weir from starting. While it runs it is a
 * warning, because files come and go: the policy goes on with what it read last, or refuses until there is a file.
 */
export async function policyFileProblems(
  files: readonly NamedFile[],
  severity: Problem['severity'],
): Promise<Problem[]> {
  const problems = await Promise.all(files.map((file) => problemOf(file, severity)));
  return problems.flat().sort(byPlace);
}

async function problemOf(file: NamedFile, severity: Problem['severity']): Promise<Problem[]> {
  const { path, place, policy, maxBytes, verify } = file;
  try {
    verify(Buffer.from(await readShared(path, maxBytes)).toString());
    return [];
  } catch (error) {
    const without = `\`${policy}\` refuses every request without it`;
    const hint = severity === 'error' ? without : `${without}, unless it has read a good one before`;
    return [{ ...problemAt(place, 'bad-policy-file', `${path} ${(error as Error).message}`, hint), severity }];
  }
}
