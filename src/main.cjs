#!/usr/bin/env node
/*
 * Weir's entry. Written so that any Node can read it: it checks the version that runs it, starts the program where
 * that is good enough, hands over to the Node that npm installed beside it where there is one, and otherwise says in
 * one line what is needed. Older versions lose the framing of a request with over a thousand small header fields and
 * so smuggle a second request (CVE-2026-58044); Weir does not run there.
 */
'use strict';
var path = require('path');
var fs = require('fs');
var os = require('os');

var EX_CONFIG = 78;

/*
 * Node opens its inspector on SIGUSR1, and whoever can connect to that runs code here. A listener turns this off. What came
 * before this line is undone; Node may carry it out a little later, so `weir serve` looks once more. Only
 * `node --disable-sigusr1` leaves no gap; no listener hears of the signal then.
 */
process.on('SIGUSR1', function () {});
if (!/(^|\s)--inspect(-brk|-wait)?(=|\s|$)/.test(process.execArgv.concat(process.env.NODE_OPTIONS || '').join(' '))) {
  var inspector = require('inspector');
  var closeInspector = function () {
    if (inspector.url()) inspector.close();
  };
  closeInspector();
  setTimeout(closeInspector, 50).unref();
}
/* `weir serve` says what these do once it is loaded; till then they are not to end it. */
if (process.argv[2] === 'serve') {
  process.on('SIGHUP', function () {});
  process.on('SIGUSR2', function () {});
  // Nothing is open that could be drained. Without a listener the first process of a container would not hear of them.
  ['SIGTERM', 'SIGINT', 'SIGQUIT'].forEach(function (signal) {
    process.on(signal, function () {
      // Whoever listens as well takes over from here.
      if (process.listenerCount(signal) === 1) process.exit(0);
    });
  });
}

function isSafe(version) {
  var parts = version.replace(/^v/, '').split('.').map(Number);
  function atLeast(minor, patch) {
    return parts[1] > minor || (parts[1] === minor && parts[2] >= patch);
  }
  if (parts[0] === 24) return atLeast(18, 1);
  if (parts[0] === 26) return atLeast(5, 1);
  return parts[0] > 26;
}

function pinnedNode() {
  try {
    var name = 'node-' + process.platform + '-' + process.arch;
    return path.join(path.dirname(require.resolve(name + '/package.json')), 'bin', 'node');
  } catch (_) {
    return null;
  }
}

function program() {
  var source = path.join(__dirname, 'cli', 'main.ts');
  return fs.existsSync(source) ? source : path.join(__dirname, '..', 'dist', 'cli', 'main.js');
}

function isOpen(fd) {
  try {
    return fs.fstatSync(fd).isSocket();
  } catch (_) {
    return false;
  }
}

/* Standard streams, and the sockets that a service manager passed on (sd_listen_fds(3)). */
function descriptors() {
  var passed = Number(process.env.LISTEN_PID) === process.pid ? Number(process.env.LISTEN_FDS) || 0 : 0;
  var all = ['inherit', 'inherit', 'inherit'];
  for (var fd = 3; fd < 3 + passed && isOpen(fd); fd++) all.push(fd);
  return all;
}

/* Not `recursive`: that never returns where the parent exists and takes nothing, in /proc for one. */
function makeFolder(folder) {
  try {
    fs.mkdirSync(folder, 448 /* 0700 */);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/*
 * Where compiled code is kept: the next start takes half as long. Whoever can write there decides what Weir runs, since V8
 * does not verify it. Node's own default is one folder for all users below the temporary folder, which any of them may
 * have made first; so the folder is this user's, and one that others own or can write to is not used.
 */
function keepCompiledCode() {
  var module = require('module');
  // Named by the operator, or on a system where each user has a temporary folder.
  if (process.env.NODE_COMPILE_CACHE || !process.getuid) return void module.enableCompileCache();
  try {
    var folder = path.join(os.tmpdir(), 'weir-cache-' + process.getuid());
    makeFolder(folder);
    var found = fs.lstatSync(folder);
    if (found.isDirectory() && found.uid === process.getuid() && (found.mode & 18) /* 0022 */ === 0)
      module.enableCompileCache(folder);
  } catch (_) {
    // It starts without one.
  }
}

/* The child gets every signal that has a meaning to it, and this process ends as the child does. */
function handOver(node) {
  var child = null;
  var missed = [];
  // Before there is a child, since one without this parent would run on.
  ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'].forEach(function (signal) {
    process.on(signal, function () {
      if (child) child.kill(signal);
      else missed.push(signal);
    });
  });
  // Not with --disable-sigusr1: then Node keeps SIGUSR1 from listeners as well.
  child = require('child_process').spawn(node, [__filename].concat(process.argv.slice(2)), {
    stdio: descriptors(),
    env: Object.assign({}, process.env, { WEIR_HANDED_OVER: '1' })
  });
  missed.forEach(function (signal) {
    child.kill(signal);
  });
  child.on('error', function (error) {
    process.stderr.write('weir: cannot start ' + node + ': ' + error.message + '\n');
    process.exit(EX_CONFIG);
  });
  child.on('exit', function (code, signal) {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // As the first process of a container it is not ended by a signal that it has no listener for.
    setTimeout(function () {
      process.exit(128 + os.constants.signals[signal]);
    }, 100);
  });
}

/*
 * A call on a mount that hangs keeps one of libuv's threads, which all threads of the process share, and with its four
 * it takes as many such calls until no name is looked up and no file read. Each source of files keeps one at most
 * (src/files/files.ts), so this leaves enough. It is read once, before the first call.
 */
function makePoolLarger() {
  if (!process.env.UV_THREADPOOL_SIZE) process.env.UV_THREADPOOL_SIZE = '8';
}

if (isSafe(process.version)) {
  makePoolLarger();
  keepCompiledCode();
  // A command tells its own failures; any other is a fault of ours, which Node prints.
  void import(require('url').pathToFileURL(program()).href).then(function (module) {
    return module.main(process.argv.slice(2));
  });
} else {
  var node = process.env.WEIR_HANDED_OVER ? null : pinnedNode();
  if (node && fs.existsSync(node)) handOver(node);
  else {
    process.stderr.write(
      'weir: Node ' +
        process.version +
        ' is too old: 24.18.1, 26.5.1 or newer is needed (CVE-2026-58044). ' +
        'Install one, or run npm ci here, which brings one along.\n'
    );
    process.exit(EX_CONFIG);
  }
}
