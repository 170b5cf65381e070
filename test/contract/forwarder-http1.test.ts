/** The contract, kept by the forwarder on our own HTTP/1.1; what its reads lend is spoilt when their time is over. */
import { createHttp1Forwarder } from '../../src/forwarders/http1/index.ts';
import { spoilingLoop } from '../../src/testing/spoiling-loop.ts';
import { forwarderContract } from './forwarder.ts';

forwarderContract('http1', (settings) => createHttp1Forwarder({ ...settings, loop: spoilingLoop() }), {
  'the target /caf\xe9 goes out as it is': 'our codec writes visible ASCII only, as it reads it (RFC 9112 §3.2)',
});
