/** `weir sign`: what it prints is a request that the signature check accepts, in every format, through real curl. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { sign as signCommand } from '../../src/cli/sign.ts';
import { formatRequest } from '../../src/cli/sign-format.ts';
import { entryFile } from '../../src/demo/child.ts';
import { type SampleServer, startSample } from '../../src/demo/sample.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const run = promisify(execFile);
/** Everything that a shell or a curl config file could take for something else. */
const AWKWARD = `{"messages":[{"role":"user","content":"it's \\"quoted\\" \\\\ $HOME \`x\` ü {a,b} [1-3] @x"}],\n\t"model":"m"}`;

const rulesFor = (upstream: string) => ({
  upstreams: { claude: { protocol: 'anthropic', endpoints: { only: { url: upstream } } } },
  policies: {
    plain: {
      signature: {
        keys: { a: 'a-secret-of-thirty-two-bytes-or-more', b: 'another-secret-of-that-length-or-more' },
        sign: '{timestamp}{nonce}{body}',
      },
    },
    strict: {
      signature: {
        keys: { only: 'a third secret of thirty-two bytes or more' },
        headers: { key: false },
        sign: '{timestamp}\n{nonce}\n{method}\n{path}{query}\n{header.x-tenant}\n{body}',
        encoding: 'hex',
        timestamp: 'rfc3339',
        nonceLength: 21,
      },
    },
    hosted: {
      signature: {
        keys: { only: 'a fourth secret of thirty-two bytes or more' },
        sign: '{timestamp}a{nonce}e{method}\n{host}\n{path}{query}\n{body}',
      },
    },
    mapped: { versions: { map: { 'strict/**': '/v1/messages' } } },
  },
  routes: {
    plain: { match: { path: '/v1/messages' }, use: ['plain'], to: 'claude' },
    strict: { match: { path: '/strict/*' }, use: ['strict'], reply: { status: 204 } },
    hosted: { match: { path: '/hosted' }, use: ['hosted'], reply: { status: 204 } },
  },
});

describe('weir sign', {
  skip: spawnSync('curl', ['--version']).status !== 0 && 'needs curl: apt-get install curl',
}, () => {
  let sample: SampleServer;
  let weir: Weir;
  before(async () => {
    sample = await startSample({ region: 'us', port: 0, host: '127.0.0.1' });
    weir = await startWeir(null, { rules: rulesFor(sample.url) });
  });
  after(async () => {
    await weir?.stop();
    await sample?.close();
  });

  /** The command in this process: exit status and what it wrote. */
  const call = async (...args: string[]) => {
    let out = '';
    let err = '';
    const stdout = { write: (text: string) => (out += text) };
    const stderr = { write: (text: string) => (err += text) };
    return { code: await signCommand(['--config', weir.configFile, ...args], { stdout, stderr }), out, err };
  };
  const sign = async (...args: string[]) => {
    const { code, out, err } = await call(...args);
    assert.equal(code, 0, err);
    return out;
  };
  const status = ['-s', '-o', '/dev/null', '-w', '%{http_code}'];
  const file = (name: string, text: string) => {
    writeFileSync(join(weir.folder, name), text);
    return join(weir.folder, name);
  };
  const plain = ['--policy', 'plain'];

  test('a file for curl -K, awkward characters and all; used twice it is a replay', async () => {
    const url = `${weir.url}/v1/messages`;
    const config = file('signed.curl', await sign(...plain, '--key', 'b', '--url', url, '--data', AWKWARD));
    const { stdout } = await run('curl', ['-s', '-w', '%{http_code}', '-K', config]);
    assert.match(stdout, /it's \\"quoted\\" \\\\ \$HOME `x` ü \{a,b\} \[1-3\] @x.*200$/);
    assert.equal((await run('curl', [...status, '-K', config])).stdout, '401');
  });

  test('a command line for a shell', async () => {
    const url = `${weir.url}/v1/messages`;
    const line = await sign(...plain, '--url', url, '--data', AWKWARD, '--format', 'curl');
    const { stdout } = await run('bash', ['-c', `${line.trimEnd()} -s -w '%{http_code}'`]);
    assert.match(stdout, /Hello from the us region.*200$/);
  });

  test('a body from a file, byte for byte', async () => {
    const body = file('body.json', `${AWKWARD}\r\n\n`);
    const url = `${weir.url}/v1/messages`;
    const config = file('file.curl', await sign(...plain, '--url', url, '--data', `@${body}`));
    assert.equal((await run('curl', [...status, '-K', config])).stdout, '200');
  });

  test('method, path, query and header fields, signed as the policy asks', async () => {
    const url = `${weir.url}/strict/x%7ey?a=[1]&b={2}`;
    const args = ['--policy', 'strict', '--url', url, '--header', 'X-Tenant: t 1', '--method', 'put', '--data', '{}'];
    const config = file('strict.curl', await sign(...args));
    assert.equal((await run('curl', [...status, '-K', config])).stdout, '204');
  });

  test('a signed field beyond ASCII, as curl sends it', async () => {
    for (const [i, tenant] of ['Müller', '東京 😀'].entries()) {
      const args = [
        '--policy',
        'strict',
        '--url',
        `${weir.url}/strict/a|b^c?d=|^\``,
        '--header',
        `X-Tenant: ${tenant}`,
      ];
      const config = file(`utf8-${i}.curl`, await sign(...args));
      assert.equal((await run('curl', [...status, '-K', config])).stdout, '204', tenant);
    }
  });

  test('a request that the policy refuses whatever its signature is not printed', async () => {
    const strict = ['--policy', 'strict', '--url', `${weir.url}/strict/x`];
    const cases: [string[], number, RegExp][] = [
      [['--header', 'x-tenant: t', '--header', 'X_Tenant: u'], 1, /"x-tenant" is there more than once/],
      [['--header', 'x-tenant:'], 1, /"x-tenant" is empty/],
      [['--header', `x-tenant: ${'t'.repeat(5000)}`], 1, /"x-tenant" has more than 4096/],
      [['--header', 'x-tenant: t', '--header', 'X-Nonce: mine'], 1, /brings the field x-nonce itself/],
      [['--header', 'x-tenant: t', '--method', 'get_it'], 1, /"GET_IT" cannot be signed as \{method\}/],
      [['--header', 'x-tenant: t', '--method', 'GE T'], 64, /--method takes a method/],
    ];
    for (const [args, code, message] of cases) {
      const result = await call(...strict, ...args);
      assert.deepEqual({ code: result.code, out: result.out }, { code, out: '' }, args.join(' '));
      assert.match(result.err, message);
    }
  });

  test('the host that curl will name, an empty query, and nonces that the template lets pass', async () => {
    const args = ['--policy', 'hosted', '--data', 'text'];
    for (const [i, more] of [
      ['--url', `${weir.url}/hosted`],
      ['--url', `${weir.url}/hosted?`],
      ['--url', `${weir.url}/hosted?#part`, '--header', 'Host: Relay.Test:8443'],
    ].entries()) {
      const config = file(`hosted-${i}.curl`, await sign(...args, ...more));
      assert.equal((await run('curl', [...status, '-K', config])).stdout, '204', more.join(' '));
    }
  });

  test('the program itself prints it', async () => {
    const args = ['sign', '--config', weir.configFile, ...plain, '--url', `${weir.url}/v1/messages`, '--data', '{}'];
    const { stdout } = await run(process.execPath, [entryFile(), ...args]);
    assert.match(stdout, /^request = "POST"\n(header = ".+"\n){5}data-raw = "\{\}"\nurl = "http.*"\n$/);
  });

  test('header fields only, and JSON', async () => {
    const args = [...plain, '--url', `${weir.url}/v1/messages`, '--data', '{"messages":[]}', '--format'];
    const fields = (await sign(...args, 'headers')).trimEnd().split('\n');
    assert.deepEqual(
      fields.map((line) => line.split(':')[0]),
      ['content-type', 'x-key-id', 'x-timestamp', 'x-nonce', 'x-signature'],
    );
    const request = JSON.parse(await sign(...args, 'json'));
    assert.equal((await fetch(request.url, request)).status, 200);
  });

  test('what cannot be signed is said in one line, with an exit status', async () => {
    const url = ['--url', 'http://127.0.0.1/'];
    const cases: [string[], number, RegExp][] = [
      [[], 64, /--url is needed/],
      [['--url', 'nowhere'], 64, /nowhere is no URL/],
      [['--url', 'ftp://127.0.0.1/v1/messages'], 64, /is no URL with http:\/\/ or https:\/\//],
      [[...url, '--format', 'xml'], 64, /--format is one of/],
      [[...url, '--header', 'no colon'], 64, /--header takes/],
      [[...url, '--nonsense'], 64, /--nonsense/],
      [url, 1, /name one of the signature policies with --policy: plain, strict, hosted/],
      [[...url, '--policy', 'mapped'], 1, /there is no signature policy mapped/],
      [[...url, ...plain, '--key', 'c'], 1, /there is no key "c"/],
      [[...url, '--policy', 'strict'], 1, /signed header "x-tenant"/],
      [['--url', 'http://127.0.0.1/a%2fb', ...plain], 1, /ambiguous/],
      [[...url, ...plain, '--data', 'text'], 1, /a body cannot begin with "t"/],
      [[...url, '--policy', 'hosted', '--header', 'Host: a,b'], 1, /a,b is not a host/],
    ];
    for (const [args, code, says] of cases) {
      const refused = await call(...args);
      assert.equal(refused.code, code, args.join(' '));
      assert.match(refused.err, says);
      assert.equal(refused.err.trimEnd().split('\n').length, 1);
      assert.equal(refused.out, '');
    }
  });
});

test('a body that is no text stays whole in JSON', () => {
  const bytes = Buffer.from([0xff, 0x00, 0x41]);
  const request = { method: 'POST', url: 'http://h/', headers: [], body: { bytes, file: null } };
  assert.equal(JSON.parse(formatRequest(request, 'json')).bodyBase64, bytes.toString('base64'));
});
