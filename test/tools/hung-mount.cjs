/**
 * Loaded before a program (`NODE_OPTIONS=--require …`), makes files below a folder as a mount makes them whose server is
 * gone: calls on them keep a thread of libuv's pool and do not return. What does so on every system without a mount is to
 * open a FIFO that nobody writes to.
 *
 * HUNG_FIFO: that FIFO. HUNG_BELOW: the folder. It hangs while `HUNG_BELOW/.hung` exists.
 */
'use strict';
const fs = require('node:fs');
const { join } = require('node:path');
const { syncBuiltinESMExports } = require('node:module');

const { HUNG_FIFO, HUNG_BELOW } = process.env;
const { open } = fs.promises;

function hangs(path) {
  return typeof path === 'string' && path.startsWith(HUNG_BELOW) && fs.existsSync(join(HUNG_BELOW, '.hung'));
}

for (const name of ['open', 'stat', 'readdir', 'realpath', 'readlink', 'readFile']) {
  const real = fs.promises[name];
  fs.promises[name] = (path, ...rest) => {
    if (!hangs(path)) return real(path, ...rest);
    return open(HUNG_FIFO, 'r')
      .then((handle) => handle.close())
      .then(() => real(path, ...rest));
  };
}
syncBuiltinESMExports();
