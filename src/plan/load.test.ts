import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS } from '../policies/index.ts';
import { createLoader, loadConfig, loadRules, MAX_TOTAL_SIZE, type RuleFile } from './load.ts';
import { MAX_FILE_SIZE } from './parse.ts';
import { formatProblems } from './problems.ts';

const load = createLoader(KINDS);

const UPSTREAM = 'upstreams: { a: { endpoints: { one: { url: "http://127.0.0.1:9101" } } } }\n';

function rules(text: string, root = '/etc/weir/rules', env = {}) {
  return load([{ file: `${root}/rules.yaml`, text: UPSTREAM + text }], { env, root });
}

const SECRET = '0123456789abcdef0123456789abcdef';
const SIGN = 'sign: "{timestamp}:{nonce}:{body}"';

const codesOf = (problems: readonly { readonly code: string }[]) => problems.map(({ code }) => code);

describe('a variable that is not set', () => {
  const unset = (text: string, more: object = {}) =>
    loadRules([{ file: '/r/a.yaml', text: UPSTREAM + text }], {
      kinds: KINDS,
      env: { EMPTY: '' },
      root: '/r',
      unsetVariables: 'warning',
      ...more,
    });
  const signed = (secret: string) =>
    `policies: { s: { signature: { keys: { k: "${secret}" }, sign: "{timestamp}{body}" } } }\nroutes: { r: { use: [s], to: a } }\n`;
  const told = ({ problems }: { problems: readonly { code: string; severity: string }[] }) =>
    problems.map(({ code, severity }) => `${severity} ${code}`);

  for (const name of ['NOWHERE', 'EMPTY'])
    test(`${name}: an error to a start, a warning where it is allowed for, and there is a plan then`, () => {
      const strict = unset(signed(`\${env:${name}}`), { unsetVariables: undefined });
      assert.deepEqual([strict.plan, told(strict), strict.unset], [null, ['error missing-env'], [name]]);
      const checked = unset(signed(`\${env:${name}}`));
      assert.notEqual(checked.plan, null);
      assert.deepEqual([told(checked), checked.unset], [['warning missing-env'], [name]]);
    });

  test('a default takes its place, an empty one too', () => {
    const text =
      'policies: { h: { headers: { request: { set: { x-a: "a${env:EMPTY:-}" } } } } }\nroutes: { r: { use: [h], to: a } }\n';
    assert.deepEqual(told(unset(text, { unsetVariables: 'error' })), []);
  });

  test('what cannot be made of a made-up value is no problem, but there is no plan', () => {
    const endpoint = (more: string) =>
      `upstreams: { b: { endpoints: { e: { ${more} } } } }\nroutes: { r: { to: b } }\n`;
    for (const text of [
      endpoint('url: "${env:NOWHERE}"'),
      endpoint('url: "http://h:${env:NOWHERE}/"'),
      endpoint('url: "http://h", weight: "${env:NOWHERE}"'),
      'upstreams: { b: { endpoints: { e: { url: "http://h" } }, choose: ["${env:NOWHERE}"] } }\nroutes: { r: { to: b } }\n',
      'routes: { r: { to: { a: "${env:NOWHERE}" } } }\n',
      'routes: { r: { to: "${env:NOWHERE}" } }\n',
    ]) {
      const checked = loadRules([{ file: '/r/a.yaml', text: text.includes('upstreams') ? text : UPSTREAM + text }], {
        kinds: KINDS,
        env: {},
        root: '/r',
        unsetVariables: 'warning',
      });
      assert.deepEqual([checked.plan, told(checked)], [null, ['warning missing-env']], text);
    }
  });

  test('faults beside it are told all the same', () => {
    assert.deepEqual(told(unset(`${signed('${env:NOWHERE}')}nonsense: {}\n`)), [
      'warning missing-env',
      'error unknown-section',
    ]);
  });
});
/** Milliseconds of work that this process has done: what others do on the machine meanwhile is not counted. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe('bounds', () => {
  const filler = (bytes: number): RuleFile => ({ file: '/r/big.yaml', text: `# ${'x'.repeat(bytes)}` });

  test('a file that is too large is not parsed', () => {
    const { plan, problems } = load([filler(MAX_FILE_SIZE)], { env: {}, root: '/r' });
    assert.equal(plan, null);
    assert.deepEqual(codesOf(problems), ['file-too-large']);
  });

  test('nor are files that are too large together', () => {
    const count = Math.ceil(MAX_TOTAL_SIZE / (MAX_FILE_SIZE - 10));
    const { problems } = load(Array(count + 1).fill(filler(MAX_FILE_SIZE - 10)), { env: {}, root: '/r' });
    assert.deepEqual(codesOf(problems), ['file-too-large']);
  });

  test('size is counted in bytes', () => {
    const text = `# ${'€'.repeat(MAX_FILE_SIZE / 2)}`;
    const { problems } = load([{ file: '/r/a.yaml', text }], { env: {}, root: '/r' });
    assert.deepEqual(codesOf(problems), ['file-too-large']);
  });

  test('a file that cannot be read is a problem beside those of the others', () => {
    const files = [
      { file: '/r/a.yaml', text: '', unreadable: 'EACCES' },
      { file: '/r/b.yaml', text: 'route: {}' },
    ];
    const { plan, problems } = load(files, { env: {}, root: '/r' });
    assert.equal(plan, null);
    assert.deepEqual(codesOf(problems), ['unreadable-file', 'unknown-section']);
  });

  const replies = (json: string, env = {}) =>
    rules(`routes: { a: { match: { path: / }, reply: { status: 200, json: [${json}] } } }`, '/r', env);

  test('a key with control characters starts no line, and moves no cursor', () => {
    const files = [{ file: '/r/a.yaml', text: '"a\\e[2J\\nb\\r\\u2028": 1\nroutes: {}\n' }];
    const { problems } = load(files, { env: {}, root: '/r' });
    const text = formatProblems(problems, files, { format: 'text', cwd: '/' });
    assert.ok(text.includes('there is no section `a\\u001b[2J\\u000ab\\u000d\\u2028`'), text);
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u2028]/);
  });

  test('a password with @ or a quote in it is hidden in a code frame', () => {
    for (const password of ['s3@cret', "it's-s3cret", 's3@@cret@']) {
      const files = [
        { file: '/r/a.yaml', text: `upstreams: { a: { endpoints: { e: { url: "http://u:${password}@h" } } } }` },
      ];
      const { problems } = load(files, { env: {}, root: '/r' });
      const text = formatProblems(problems, files, { format: 'text', cwd: '/' });
      assert.match(text, /http:\/\/\*\*\*@h/);
      assert.doesNotMatch(text, /cret/);
    }
  });

  test('a tag of a map on a list, or of a list on a map, does not fit', () => {
    for (const json of ['!!map [a]', '!!seq { a: 1 }']) {
      const { problems } = replies(json);
      assert.ok(codesOf(problems).includes('bad-tag'), json);
    }
    assert.deepEqual(codesOf(replies('!!map { a: 1 }, !!seq [a]').problems), ['unused-upstream']);
  });

  test('aliases of long texts, or of maps with long keys, are a bomb too', () => {
    for (const long of [`&l "${'x'.repeat(500_000)}"`, `&l { "${'x'.repeat(500_000)}": 1 }`]) {
      const { plan, problems } = replies(`${long}, ${'*l, '.repeat(300)}`);
      assert.equal(plan, null);
      assert.ok(codesOf(problems).includes('alias-bomb'), long.slice(0, 5));
    }
    assert.deepEqual(codesOf(replies(`&l "${'x'.repeat(1000)}", ${'*l, '.repeat(1000)}`).problems), [
      'unused-upstream',
    ]);
  });

  test('references that put megabytes into a file are told once, whatever stands in the variable', () => {
    const env = { LONG: `s3cr3t-${'x'.repeat(100_000)}` };
    for (const json of [`"${'${env:LONG}'.repeat(10_000)}"`, '"${env:LONG}", '.repeat(10_000)]) {
      const { plan, problems } = replies(json, env);
      assert.equal(plan, null);
      assert.deepEqual(
        codesOf(problems).filter((code) => code !== 'unused-upstream'),
        ['file-too-large'],
      );
      assert.ok(!JSON.stringify(problems).includes('s3cr3t'));
    }
  });

  test('many references, and long ones, are as good as few', () => {
    const many = replies(`"${'${env:KEY} '.repeat(20_000)}"`, { KEY: 'sk-live-0123456789' });
    const long = replies('"${env:KEY}"', { KEY: `sk-live-${'0'.repeat(100_000)}` });
    for (const { plan } of [many, long]) assert.notEqual(plan, null);
  });

  test('what nests too deeply for the parser itself is told in our words, with its place', () => {
    for (const nested of ['[', '{ a: ', '- ', '? ']) {
      const { plan, problems } = load([{ file: '/r/a.yaml', text: nested.repeat(5000) }], { env: {}, root: '/r' });
      assert.equal(plan, null);
      assert.deepEqual(codesOf(problems), ['too-deep'], nested);
      assert.equal(problems[0]!.message, 'values nest deeper than 64 levels');
      assert.ok(problems[0]!.column > 64);
    }
  });

  test('sixty thousand keys and problems take no quadratic time', () => {
    const keys = Array.from({ length: 60_000 }, (_, i) => `  k${i}: 1\n`).join('');
    const start = cpuMs();
    const { problems } = load([{ file: '/r/a.yaml', text: `routes:\n${keys}` }], { env: {}, root: '/r' });
    assert.equal(problems.length, 1001);
    assert.deepEqual(codesOf(problems.slice(999)), ['wrong-type', 'too-many-problems']);
    assert.equal(problems[1000]!.message, 'there are 59000 more problems');
    // The parser's own check for duplicates alone would need half a minute.
    assert.ok(cpuMs() - start < 9000, `${cpuMs() - start} ms`);
  });

  test('ten thousand routes load in seconds', () => {
    const route = (i: number) =>
      `  r${i}: { match: { host: h${i % 100}.example.com, path: "/v1/x${i}/:id", methods: [POST], headers: { x-t: "${i}" } }, use: [p], to: a }\n`;
    const text = `policies: { p: { params: { allow: [x] } } }\nroutes:\n${Array.from({ length: 10_000 }, (_, i) => route(i)).join('')}`;
    const start = cpuMs();
    const { plan, problems } = rules(text);
    const took = cpuMs() - start;
    assert.deepEqual(problems, []);
    assert.equal(plan?.routes.length, 10_000);
    assert.ok(took < 10_000, `${took} ms`);
  });

  test('ten thousand routes that differ in one header only do too', () => {
    const route = (i: number) => `  r${i}: { match: { path: /v1/x, headers: { x-tenant: t${i} } }, to: a }\n`;
    const start = cpuMs();
    const { problems } = rules(`routes:\n${Array.from({ length: 10_000 }, (_, i) => route(i)).join('')}`);
    assert.deepEqual(problems, []);
    assert.ok(cpuMs() - start < 10_000);
  });
});

/** Rules that stand in one file by themselves. */
function alone(text: string, env: object) {
  return load([{ file: '/r/rules.yaml', text }], { env: { ...env }, root: '/r' });
}

describe('revision', () => {
  const text = `routes: { r: { to: a } }\npolicies: { s: { signature: { keys: { k: "\${env:KEY:-${SECRET}}" }, ${SIGN} } } }\n`;
  const revision = (more: string, root?: string, env?: object) => rules(more, root, env).plan?.revision;

  test('is twelve hex digits', () => {
    assert.match(revision(text) ?? '', /^[0-9a-f]{12}$/);
  });

  test('is the same with comments, blank lines and in another folder', () => {
    const login =
      'routes: { r: { use: [l], to: a } }\npolicies: { l: { jwt: { issuer: i, audience: a, keys: { file: ../jwks.json } } } }\n';
    assert.equal(revision(`# hello\n\n${text}`), revision(text));
    assert.equal(revision(login, '/one/rules'), revision(login, '/two/rules'));
  });

  test('is the same with other secrets', () => {
    assert.equal(
      revision(text, undefined, { KEY: `two${SECRET}` }),
      revision(text, undefined, { KEY: `three${SECRET}` }),
    );
  });

  test('is the same whatever the environment holds, and another with another reference', () => {
    const one = `upstreams: { a: { endpoints: { e: { url: http://a.test } } }, b: { protocol: "\${env:P:-generic}", endpoints: { e: { url: "\${env:U:-http://a.test}", weight: "\${env:W:-1}" } } } }
policies:
  h: { headers: { request: { set: { a: "Bearer \${env:K}", b: banana } } } }
  v: { versions: { map: { x: "\${env:U:-http://a.test}/x" } } }
routes: { r: { match: { path: /r, host: "\${env:H:-*}" }, use: [h, v], to: { b: 1, a: 1 } } }
tests: { t: { request: { path: "/\${env:K}" }, expect: { status: 404 } } }
`;
    const env = { K: 'a', P: 'openai', U: 'https://b.test:1/x', W: '7', H: 'c.test' };
    const revision = (text: string, env: object) => alone(text, env).plan?.revision;
    const here = revision(one, { K: 'hunter2' });
    assert.match(here ?? '', /^[0-9a-f]{12}$/);
    assert.equal(revision(one, env), here);
    // Nothing of it can be tried out: a value that stands elsewhere in the entry makes no difference either.
    assert.equal(revision(one, { K: 'banana' }), here);
    for (const [from, to] of [
      ['Bearer ${env:K}', 'Bearer ${env:L:-x}'],
      ['Bearer ${env:K}', 'Basic ${env:K}'],
      ['{ b: 1, a: 1 }', '{ a: 1, b: 1 }'],
      ['banana', 'apple'],
    ])
      assert.notEqual(revision(one.replace(from!, to!), env), here, to!);
  });

  test('does not depend on a secret that is written out beside a reference', () => {
    const keys = (secret: string) =>
      `routes: { r: { use: [s], to: a } }\npolicies: { s: { signature: { keys: { k: ${secret}${SECRET}, l: "\${env:KEY}" }, ${SIGN} } } }`;
    const one = revision(keys('one'), undefined, { KEY: `x${SECRET}` });
    assert.match(one ?? '', /^[0-9a-f]{12}$/);
    assert.equal(one, revision(keys('two'), undefined, { KEY: `y${SECRET}` }));
  });

  test('does not depend on the order of fixed keys beside a reference', () => {
    const one = 'routes: { r: { match: { path: /r, headers: { a: "${env:K}" } }, to: a, errors: map } }';
    const other = 'routes: { r: { errors: map, match: { headers: { a: "${env:K}" }, path: /r }, to: a } }';
    assert.equal(revision(one, undefined, { K: 'x' }), revision(other, undefined, { K: 'x' }));
  });

  test('is another with another meaning', () => {
    assert.notEqual(revision(text.replace('to: a', 'to: a, errors: map')), revision(text));
    const jwks = (file: string) =>
      `routes: { r: { use: [l], to: a } }\npolicies: { l: { jwt: { issuer: i, audience: a, keys: { file: ${file} } } } }`;
    assert.notEqual(revision(jwks('a.json')), revision(jwks('b.json')));
  });

  test('does not depend on the order of keys, but on that of routes', () => {
    const one = 'routes: { r: { to: a, errors: map }, s: { match: { path: /s }, to: a } }';
    assert.equal(revision(one), revision(one.replace('to: a, errors: map', 'errors: map, to: a')));
    const other = 'routes: { s: { match: { path: /s }, to: a }, r: { to: a, errors: map } }';
    assert.notEqual(revision(one), revision(other));
  });
});

describe('secrets', () => {
  test('are masked wherever they stand', () => {
    const { plan, show } = rules(
      `routes: { r: { use: [s], to: a } }\npolicies: { s: { signature: { keys: { k: hunter2${SECRET} }, ${SIGN} } } }\n`,
    );
    assert.ok(plan);
    assert.match(JSON.stringify(plan), /hunter2/);
    assert.doesNotMatch(JSON.stringify(show(plan)), /hunter2/);
    assert.match(JSON.stringify(show(plan)), /"k":\{"secret":"\*\*\*"\}/);
  });

  test('from the environment are shown as they are written, whatever became of them', () => {
    const text = `
upstreams: { b: { endpoints: { e: { url: "http://\${env:HOST}:9101/\${env:K}" } } } }
policies:
  h: { headers: { request: { set: { authorization: "Bearer \${env:K}" } } } }
  v: { versions: { map: { x: "https://\${env:HOST}/\${env:K}/x" } } }
routes:
  r: { match: { path: "/\${env:K}", headers: { x-a: "\${env:K}" } }, use: [h, v], to: b }
  s: { match: { path: /s }, reply: { status: 200, json: { k: "\${env:Q}" }, headers: { x-k: "\${env:K}" } } }
`;
    const { plan, show, secrets } = alone(text, { K: 'sk-live-1', HOST: 'Internal.Example', Q: 'a"b"c"d' });
    assert.ok(plan);
    const shown = JSON.stringify(show(plan));
    assert.match(JSON.stringify(plan), /sk-live-1.*internal\.example/s);
    assert.doesNotMatch(shown, /sk-live-1|internal\.example|b\\+"c/i);
    assert.match(shown, /"authorization":"Bearer \$\{env:K\}"/);
    assert.match(shown, /"url":"http:\/\/\$\{env:HOST\}:9101\/\$\{env:K\}"/);
    assert.match(shown, /"hostname":"\$\{env:HOST\}"/);
    assert.match(shown, /"body":"\{\\"k\\":\\"\$\{env:Q\}\\"\}"/);
    assert.ok(secrets.some(({ value, reference }) => value === 'sk-live-1' && reference === '${env:K}'));
  });

  test('hints tell no more of a value than messages do', () => {
    const text = `
regions: { europe: { countries: ["\${env:CODE}"], continents: ["\${env:CONT}"] } }
upstreams: { claude: { endpoints: { e: { url: http://127.0.0.1:1, region: "\${env:REGION}" } } } }
policies: { signed: { headers: { request: { set: { a: "\${env:FACT}" } } } } }
routes: { r: { match: { host: "\${env:HOST}" }, use: ["\${env:USE}"], to: "\${env:TO}", errors: map } }
tests: { t: { request: { path: /, address: "\${env:ADDRESS}" }, expect: { endpoint: "\${env:ENDPOINT}" } } }
`;
    const near = { CODE: 'de', CONT: 'eu', REGION: 'europ', USE: 'sined', TO: 'claud' };
    const env = { ...near, FACT: '${rout}', HOST: 'a.test:443', ADDRESS: '10.0.0.1:80', ENDPOINT: 'claude/f' };
    const { problems } = alone(text, env);
    assert.ok(problems.length >= 9, JSON.stringify(problems));
    for (const { message, hint } of problems) {
      assert.doesNotMatch(hint, /did you mean|upper case|leave out the port/, `${message}: ${hint}`);
      for (const value of Object.values(env)) assert.ok(!message.includes(`\`${value}\``), message);
    }
  });

  test('with quotes in them are told by no message that quotes them', () => {
    for (const value of ['abc`defghijk`lmn', 'abc"defghijk"lmn', 'a.b`c', 'https://`x`/?q'])
      for (const place of [
        'match: { host: "${env:K}" }',
        'match: { path: "/${env:K}**x" }',
        'match: { country: "${env:K}" }',
      ]) {
        const text = `routes: { r: { ${place}, to: a } }`;
        const { problems } = rules(text, '/r', { K: value });
        assert.ok(problems.length > 0, `${place} ${value}`);
        assert.doesNotMatch(JSON.stringify(problems), /defghijk|b`c|\?q/, `${place} ${value}`);
      }
  });

  test('are looked for in long lines in no quadratic time', () => {
    const text = `routes: { "${'a.'.repeat(500_000)}@": 1 }\n`;
    const files = [{ file: '/r/rules.yaml', text }];
    const { problems } = load(files, { env: {}, root: '/r' });
    const start = performance.now();
    formatProblems(problems, files, { format: 'text', cwd: '/r' });
    assert.ok(performance.now() - start < 5000);
  });

  test('that are written out are not quoted where they have the wrong type or are no YAML', () => {
    const secret = 'sk-live-12345';
    for (const text of [
      `policies: { h: { headers: { request: { set: { authorization: [${secret}] } } } } }`,
      'policies: { h: { headers: { request: { set: { x-api-key: 1234512345 } } } } }',
      `policies: { h: { headers: { request: { set: ${secret} } } } }`,
      `policies: { h: ${secret} }`,
      `policies: { s: { signature: { keys: { a: "x" "${secret}" } } } }`,
      `policies: { s: { signature: { keys: { a: !${secret} } } } }`,
      `policies: { s: { signature: { keys: { a: *${secret} } } } }`,
      `policies: { s: { signature: { keys: { a: "\${env:} ${secret}" } } } }`,
      `routes: { r: { reply: { status: 200, text: { a: ${secret} } } } }`,
      `upstreams: { u: { endpoints: { e: { url: "https://u:${secret}@a.test" } } } }`,
      `upstreams: { u: { endpoints: { e: "https://u:${secret}@a.test" } } }`,
    ]) {
      const { problems } = load([{ file: '/r/rules.yaml', text }], { env: {}, root: '/r' });
      assert.ok(problems.length > 0, text);
      assert.doesNotMatch(JSON.stringify(problems), /sk-live|1234512345/, text);
    }
  });

  test('in URLs are in no code frame', () => {
    const text = 'upstreams: { u: { endpoints: { e: { url: "https://u:hunter2@a.test", wieght: 1 } } } }\n';
    const files = [{ file: '/r/rules.yaml', text }];
    const { problems } = load(files, { env: {}, root: '/r' });
    const told = formatProblems(problems, files, { format: 'text', cwd: '/r' });
    assert.match(told, /https:\/\/\*\*\*@a\.test/);
    assert.doesNotMatch(told, /hunter2/);
    const [, marked, caret] = /> 1 \| (.*)\n +\| (.*)/.exec(told) ?? [];
    assert.equal(marked!.slice(caret!.length - 1, caret!.length + 5), 'wieght');
  });

  test('from the environment are in no problem', () => {
    const text = `routes: { r: { to: "\${env:S}", onDisconnect: "\${env:S}", body: { max: "\${env:S}" }, errors: "\${env:S}" } }
upstreams: { b: { protocol: "\${env:S}", endpoints: { one: { url: "\${env:S}", weight: "\${env:S}" } } } }`;
    const files = [{ file: '/r/rules.yaml', text }];
    const { problems } = load(files, { env: { S: 'hunter2' }, root: '/r' });
    assert.ok(problems.length >= 5);
    assert.doesNotMatch(formatProblems(problems, files, { format: 'text', cwd: '/r' }), /hunter2/);
  });
});

test('a template that a kind refuses itself is refused once', () => {
  const text = `${UPSTREAM}routes: { r: { use: [h], to: a } }
policies: { h: { headers: { request: { set: { x-a: "\${" } } } } }`;
  const { problems } = loadRules([{ file: '/r/a.yaml', text }], { kinds: KINDS, env: {}, root: '/r' });
  assert.deepEqual(codesOf(problems), ['template-syntax']);
});

describe('config', () => {
  test('tells where the rules are even where it is faulty', () => {
    const { config, rules: folder } = loadConfig('/etc/weir/weir.yaml', 'rules: ./here\n', {
      env: {},
      bundledDatabase: '',
    });
    assert.equal(config, null);
    assert.equal(folder, '/etc/weir/here');
  });
});

test('a unit that was left out is what the hint asks for, before quotes', () => {
  const text =
    'policies: { p: { rateLimit: { key: k, limit: 600 } } }\nroutes: { r: { use: [p], reply: { status: 200 } } }\n';
  const { problems } = loadRules([{ file: '/w/rules.yaml', text }], { kinds: KINDS, env: {}, root: '/w' });
  assert.deepEqual(
    problems.map(({ code, hint }) => [code, hint]),
    [['unquoted-text', 'write it like 600/1m, or quote it: "600"']],
  );
});
