/** The five commands that the demo prints. Pure: every one is a line that bash and zsh take as it is. */

/** An address in Germany that the bundled database knows. */
export const GERMAN_ADDRESS = '85.214.132.117';

export interface Addresses {
  /** Weir itself: `http://host:port`. */
  readonly url: string;
  /** The sample that German clients are served from. */
  readonly germanSample: string;
  /** As they are to be typed, relative to the folder the commands are pasted in. */
  readonly configFile: string;
  /** Where the demo keeps the secrets it has made, as lines NAME=value. */
  readonly secretsFile: string;
  readonly rulesFolder: string;
  /** Where the signed call is written: a folder for temporary files. */
  readonly scratchFolder: string;
}

export interface Command {
  readonly title: string;
  /** What there is to see. */
  readonly shows: string;
  /** One line to paste. */
  readonly line: string;
}

const BODY = '{"model":"claude-sonnet-5-5","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}';

/** Ten calls open the breaker of rules/upstreams.yaml; the rest of these shows the next region. */
const CALLS = 16;

/** The commands, in the order they tell the story. */
export function demoCommands(at: Addresses): readonly Command[] {
  const german = `-H 'X-Forwarded-For: ${GERMAN_ADDRESS}' ${quote(`${at.url}/v1/user`)}`;
  const regions = quote(`${at.rulesFolder}/regions.yaml`);
  return [
    {
      title: 'A call from a German address',
      shows: 'The eu region answers, and shows the header fields that the rules gave it.',
      line: `curl -s -w '\\n' ${german}`,
    },
    {
      title: 'A signed call',
      shows: 'The signature is right, so a message comes back.',
      line: `${signLine(at)} > ${signedCall(at)} && ${replayLine(at)}`,
    },
    {
      title: 'The same call again',
      shows: 'Its nonce is used up: 401.',
      line: replayLine(at),
    },
    {
      title: 'A broken region',
      shows:
        'Calls fail until eu’s breaker has seen ten, then the next region answers. The last part mends eu; a minute later its breaker lets a probe through.',
      line:
        `${failLine(at, '500')}; for i in $(seq ${CALLS}); do curl -s -w '\\n' ${german} | cut -c 1-75; done; ` +
        failLine(at, 'ok'),
    },
    {
      title: 'An edit that takes effect without a restart',
      shows: 'Germany moves to the asia region. Undo it with: git checkout rules',
      line:
        `sed -i.bak -e 's/\\[DE, FR, NL\\]/[FR, NL]/' -e 's/\\[CN, JP, SG\\]/[CN, JP, SG, DE]/' ${regions} && ` +
        `rm ${quote(`${at.rulesFolder}/regions.yaml.bak`)}; sleep 1; curl -s -w '\\n' ${german} | cut -c 1-75`,
    },
  ];
}

function signLine(at: Addresses): string {
  const where = `--config ${quote(at.configFile)} --policy signed --key partner-a`;
  // The command is split into words and no further: names and values have none but plain characters.
  return `env $(cat ${quote(at.secretsFile)}) npm run -s weir -- sign ${where} --url ${quote(`${at.url}/v1/messages`)} --data '${BODY}'`;
}

function replayLine(at: Addresses): string {
  return `curl -s -w '\\n%{http_code}\\n' -K ${signedCall(at)}`;
}

function signedCall(at: Addresses): string {
  return quote(`${at.scratchFolder}/weir-signed.curl`);
}

function failLine(at: Addresses, mode: string): string {
  return `curl -s -w '\\n' -d '{"mode":"${mode}"}' ${quote(`${at.germanSample}/__demo/fail`)}`;
}

/** As one word of a POSIX shell: bare where that is safe. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
