/** Recorded traffic, for the tests and as material for the fuzz; recorded/README.md says where it comes from. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'recorded');

export interface RecordedRequests {
  readonly name: string;
  /** What one connection sent. */
  readonly bytes: Buffer;
}

export interface RecordedReply {
  readonly name: string;
  readonly asked: string;
  /** What came after the one request, up to the end of the connection or of our patience. */
  readonly bytes: Buffer;
}

export function recordedRequests(): RecordedRequests[] {
  const folder = join(FOLDER, 'clients');
  return readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

export function recordedReplies(): RecordedReply[] {
  const folder = join(FOLDER, 'servers');
  return readdirSync(folder).flatMap((file) => {
    const replies = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      name: string;
      asked: string;
      bytes: string;
    }[];
    return replies.map(({ name, asked, bytes }) => ({
      name: `${file} ${name}`,
      asked,
      bytes: Buffer.from(bytes, 'latin1'),
    }));
  });
}
