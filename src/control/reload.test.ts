import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Registry } from '../metrics/registry.ts';
import type { RuleFile } from '../plan/load.ts';
import type { Problem } from '../plan/problems.ts';
import { memoryLog, plan, tempFolder, until } from '../testing/control.ts';
import type { Plan } from '../types/plan.ts';
import type { Zones } from '../types/threads.ts';
import { Reloader } from './reload.ts';
import { RulesFolder } from './rules-folder.ts';
import type { SwapResult } from './threads.ts';
import { ZoneDirectory } from './zones.ts';

const problem = (file: string, message: string, severity: Problem['severity'] = 'error'): Problem => ({
  file,
  line: 3,
  column: 5,
  severity,
  code: 'syntax',
  message,
  hint: '',
});

/** Rules are texts; the revision is all of them. `bad`, `warn`, `refuse`, `throw` in them do what they say. */
function load(files: readonly RuleFile[]): { plan: Plan | null; problems: Problem[] } {
  const text = files.map((file) => file.text).join('+');
  if (text.includes('throw')) throw new Error('a bug');
  const problems = files
    .filter((file) => file.text.includes('bad'))
    .map((file) => problem(file.file, `is ${file.text}`));
  const warnings = files
    .filter((file) => file.text.includes('warn'))
    .map((file) => problem(file.file, 'hm', 'warning'));
  return { plan: problems.length > 0 ? null : plan(text), problems: [...problems, ...warnings] };
}

interface Swap {
  readonly plan: Plan;
  readonly zones: Zones;
  readonly done: (result: SwapResult) => void;
}

async function reloader(t: TestContext, files: Record<string, string> = { 'a.yaml': 'one' }) {
  const folder = join(tempFolder(t), 'rules');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const log = memoryLog();
  const registry = new Registry();
  const zones = new ZoneDirectory(log);
  const swaps: Swap[] = [];
  const used: string[] = [];
  /** With `hold`, swaps wait to be answered. */
  const control = { hold: false, refuse: true, answer: { ok: true } as SwapResult };
  const subject = new Reloader<string>({
    folder,
    read: async () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.yaml'))
        .sort()
        .map((name) => ({ file: name, text: readFileSync(join(folder, name), 'utf8') })),
    load,
    compile: (plan, zone) => {
      if (control.refuse && plan.revision.includes('refuse')) throw new Error('policy p refuses');
      zone(`zone ${plan.revision}`, 8);
      return `compiled ${plan.revision}`;
    },
    zones,
    swap: (plan, zones) =>
      new Promise((done) => {
        swaps.push({ plan, zones, done });
        if (!control.hold) done(control.answer);
      }),
    onPlan: (_plan, compiled) => used.push(compiled),
    log,
    registry,
    now: Date.now,
  });
  const first = await subject.first(async () => {});
  const sample = (family: string, label = '') =>
    registry.snapshot().find((s) => s.family === family && (label === '' || Object.values(s.labels).includes(label)))
      ?.values[0];
  const write = (text: string, name = 'a.yaml') => writeFileSync(join(folder, name), text);
  return { subject, folder, log, zones, swaps, used, control, first, sample, write };
}

test('the first load gives plan and zones to the start, and remembers', async (t) => {
  const { subject, first, used, zones, sample } = await reloader(t);
  assert.deepEqual([first.ok, first.revision], [true, 'one']);
  assert.deepEqual(used, ['compiled one']);
  assert.deepEqual(Object.keys(zones.zones()), ['zone one']);
  assert.deepEqual(subject.status().rules, { ok: true, problems: [] });
  assert.equal(sample('weir_config_revision_info', 'one'), 1);
  assert.ok(sample('weir_last_reload_timestamp_seconds')! > 1e9);
});

test('a first load with problems tells them all, with the files', async (t) => {
  const { subject, first, used, log } = await reloader(t, { 'a.yaml': 'bad 1', 'b.yaml': 'bad 2' });
  assert.deepEqual([first.ok, first.revision], [false, '']);
  assert.deepEqual(
    first.problems.map(({ file, message }) => [file, message]),
    [
      ['a.yaml', 'is bad 1'],
      ['b.yaml', 'is bad 2'],
    ],
  );
  assert.deepEqual(
    first.files.map((file) => file.text),
    ['bad 1', 'bad 2'],
  );
  assert.deepEqual([used, log.lines, subject.plan], [[], [], null]);
});

/** A reloader of which one part fails once, when told. */
async function failing(what: 'swap' | 'onPlan') {
  const log = memoryLog();
  const state = { fail: false, read: 0 };
  const failOnce = (part: string): void => {
    if (part !== what || !state.fail) return;
    state.fail = false;
    throw new Error('once');
  };
  const subject = new Reloader<string>({
    folder: '/x',
    read: async () => [{ file: 'a', text: String(++state.read) }],
    load: () => ({ plan: plan(`r${state.read}`), problems: [] }),
    compile: () => 'compiled',
    zones: new ZoneDirectory(log),
    swap: async () => {
      failOnce('swap');
      return { ok: true };
    },
    onPlan: () => failOnce('onPlan'),
    log,
    registry: new Registry(),
    now: Date.now,
  });
  await subject.first(async () => {});
  state.fail = true;
  return { subject, log };
}

test('a reload that fails as nobody thought of is refused, and the next one is as good as any', async () => {
  const { subject, log } = await failing('swap');
  const refused = await subject.reload('api');
  assert.deepEqual(
    [refused.ok, refused.revision, refused.problems[0]!.message],
    [false, 'r1', 'the reload failed: once'],
  );
  assert.equal(log.lines[0]!.message, 'a reload failed: a bug in Weir');
  assert.deepEqual(await subject.reload('watch'), { ok: true, revision: 'r3', problems: [] });
  assert.equal((await subject.reload('api')).revision, 'r4');
});

test('what fails after the threads have taken new rules does not say that they were refused', async () => {
  const { subject, log } = await failing('onPlan');
  assert.deepEqual(await subject.reload('api'), { ok: true, revision: 'r2', problems: [] });
  assert.match(log.lines.at(-1)!.message, /a bug in Weir/);
  assert.equal((await subject.reload('api')).revision, 'r3');
});

test('the first load fails as the start fails', async (t) => {
  const { subject } = await reloader(t);
  await assert.rejects(
    subject.first(() => Promise.reject(new Error('port in use'))),
    /port in use/,
  );
});

test('good rules are swapped in, and their zones are the ones that live on', async (t) => {
  const { subject, used, swaps, zones, write, sample } = await reloader(t);
  write('two');
  assert.deepEqual(await subject.reload('watch'), { ok: true, revision: 'two', problems: [] });
  assert.deepEqual(Object.keys(swaps[0]!.zones), ['zone two']);
  assert.deepEqual(Object.keys(zones.zones()), ['zone two']);
  assert.deepEqual(used, ['compiled one', 'compiled two']);
  assert.equal(sample('weir_config_revision_info', 'one'), undefined);
  assert.equal(sample('weir_config_revision_info', 'two'), 1);
  assert.equal(sample('weir_reloads_total', 'ok'), 2);
});

test('bad rules change nothing, are logged line by line, counted and remembered', async (t) => {
  const { subject, used, swaps, log, write, sample } = await reloader(t);
  write('bad 1');
  write('bad 2', 'b.yaml');
  const result = await subject.reload('watch');
  assert.deepEqual([result.ok, result.revision], [false, 'one']);
  assert.deepEqual([used, swaps], [['compiled one'], []]);
  assert.deepEqual(
    log.lines.map(({ level, message }) => [level, message]),
    [
      ['error', 'a.yaml:3:5 is bad 1'],
      ['error', 'b.yaml:3:5 is bad 2'],
      ['error', 'the rules on disk are refused; the last good ones stay in use'],
    ],
  );
  assert.equal(log.lines[0]!.fields.at, 'a.yaml:3:5');
  const { revision, rules, lastReload } = subject.status();
  assert.deepEqual([revision, rules.ok, rules.problems.length, lastReload?.result], ['one', false, 2, 'failed']);
  assert.equal(sample('weir_reloads_total', 'failed'), 1);
  assert.equal(sample('weir_last_reload_successful'), 0);
});

test('good again after bad, even with the same rules as before', async (t) => {
  const { subject, write, sample } = await reloader(t);
  write('bad');
  assert.equal((await subject.reload('watch')).ok, false);
  write('one');
  assert.deepEqual(await subject.reload('watch'), { ok: true, revision: 'one', problems: [] });
  assert.equal(sample('weir_last_reload_successful'), 1);
});

test('warnings come beside a plan', async (t) => {
  const { subject, log, write } = await reloader(t);
  write('warn');
  const result = await subject.reload('watch');
  assert.deepEqual([result.ok, result.revision, result.problems.length], [true, 'warn', 1]);
  assert.deepEqual(log.lines[0]!.level, 'warn');
  assert.equal(subject.status().rules.ok, true);
});

test('equal files are left alone, unless somebody asks', async (t) => {
  const { subject, swaps, write, sample } = await reloader(t);
  write('one');
  assert.equal((await subject.reload('watch')).ok, true);
  assert.equal(swaps.length, 0);
  assert.equal(sample('weir_reloads_total', 'unchanged'), 1);
  await subject.reload('signal');
  await subject.reload('api');
  assert.equal(swaps.length, 2);
  write('bad');
  await subject.reload('watch');
  assert.equal((await subject.reload('watch')).ok, false, 'still bad');
});

test('a rule set that a policy, or a thread, refuses changes nothing', async (t) => {
  const { subject, zones, used, control, write, swaps } = await reloader(t);
  write('refuse');
  const refused = await subject.reload('watch');
  assert.deepEqual(
    refused.problems.map(({ code, message }) => [code, message]),
    [['refused', 'policy p refuses']],
  );
  // What a policy needs may have come meanwhile: a file, or memory.
  control.refuse = false;
  assert.equal((await subject.reload('watch')).ok, true, 'the same files again');
  control.answer = { ok: false, problem: 'thread 2 died' };
  write('two');
  const died = await subject.reload('watch');
  assert.deepEqual(
    died.problems.map(({ message }) => message),
    ['thread 2 died'],
  );
  assert.deepEqual([Object.keys(zones.zones()), used], [['zone refuse'], ['compiled one', 'compiled refuse']]);
  // The same files, tried again: a dead thread is not the rules' fault.
  control.answer = { ok: true };
  assert.equal((await subject.reload('watch')).ok, true);
  assert.equal(swaps.length, 3);
});

test('a bug in the loader, or a folder that cannot be read, is a problem and no crash', async (t) => {
  const { subject, folder, write } = await reloader(t);
  write('throw');
  assert.deepEqual(
    (await subject.reload('watch')).problems.map(({ code }) => code),
    ['internal'],
  );
  renameSync(folder, `${folder}.away`);
  assert.deepEqual(
    (await subject.reload('watch')).problems.map(({ code }) => code),
    ['unreadable-file'],
  );
  renameSync(`${folder}.away`, folder);
  write('one');
  assert.equal((await subject.reload('watch')).ok, true);
});

test('triggers during a reload share one more after it', async (t) => {
  const { subject, control, swaps, write } = await reloader(t);
  control.hold = true;
  write('two');
  const running = subject.reload('watch');
  await until(() => swaps.length === 1, 'the swap');
  write('three');
  const later = [subject.reload('watch'), subject.reload('api'), subject.reload('watch')];
  // Time enough for a second reload to start, were it not to wait.
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(swaps.length, 1);
  swaps[0]!.done({ ok: true });
  assert.equal((await running).revision, 'two');
  await until(() => swaps.length === 2, 'the second swap');
  swaps[1]!.done({ ok: true });
  assert.deepEqual(
    (await Promise.all(later)).map(({ revision }) => revision),
    ['three', 'three', 'three'],
  );
  assert.equal(swaps.length, 2);
});

test('files that are added, renamed, removed and swapped behind a link reload by themselves', async (t) => {
  const { subject, folder } = await reloader(t);
  const rules = new RulesFolder(folder, 10, memoryLog());
  t.after(() => rules.close());
  await rules.watch((files) => void subject.reload('watch', files));
  const serves = (revision: string) => until(() => subject.plan?.revision === revision, revision);
  writeFileSync(join(folder, 'b.yaml'), 'two');
  await serves('one+two');
  renameSync(join(folder, 'b.yaml'), join(folder, '0.yaml'));
  await serves('two+one');
  rmSync(join(folder, '0.yaml'));
  await serves('one');
  rmSync(join(folder, 'a.yaml'));
  for (const n of [1, 2]) {
    mkdirSync(join(folder, `..v${n}`));
    writeFileSync(join(folder, `..v${n}`, 'map.yaml'), `map ${n}`);
    symlinkSync(`..v${n}`, join(folder, '..tmp'));
    renameSync(join(folder, '..tmp'), join(folder, '..data'));
    if (n === 1) symlinkSync('..data/map.yaml', join(folder, 'map.yaml'));
    await serves(`map ${n}`);
  }
});

test('a folder that stood still and could not be read is not read again later, when it is half written', async (t) => {
  const { subject, control, swaps, write } = await reloader(t);
  control.hold = true;
  write('two');
  const running = subject.reload('watch');
  await until(() => swaps.length === 1, 'the swap');
  const gone = subject.reload('watch', new Error('it is not there'));
  write('half');
  control.hold = false;
  swaps[0]!.done({ ok: true });
  await running;
  const result = await gone;
  assert.deepEqual([result.ok, result.revision, result.problems[0]!.message], [false, 'two', 'it is not there']);
});

test('a call takes what is there; what was there before it is a change when it comes back', async (t) => {
  const base = tempFolder(t);
  for (const name of ['one', 'two']) {
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, 'a.yaml'), name);
  }
  const current = join(base, 'current');
  const turn = (to: string): void => {
    symlinkSync(to, join(base, 'next'));
    renameSync(join(base, 'next'), current);
  };
  turn('one');
  const rules = new RulesFolder(current, 60, memoryLog());
  t.after(() => rules.close());
  const seen: string[] = [];
  await rules.watch((files) => seen.push(files instanceof Error ? files.message : files[0]!.text));
  const read = async (): Promise<string> => (await rules.read())[0]!.text;
  assert.equal(await read(), 'one');
  turn('two');
  assert.equal(await read(), 'two');
  turn('one');
  await until(() => seen.length > 0, 'what came back');
  assert.deepEqual(seen, ['one']);
});
