/** The contract, kept by the forwarder on our own HTTP/1.1 on a Node that lacks the short ways to the system. */
import { createHttp1Forwarder } from '../../src/forwarders/http1/index.ts';
import { Loop } from '../../src/sockets/loop.ts';
import { forwarderContract } from './forwarder.ts';

forwarderContract(
  'http1, through streams',
  (settings) => createHttp1Forwarder({ ...settings, loop: new Loop(undefined, null) }),
  {
    'the target /caf\xe9 goes out as it is': 'our codec writes visible ASCII only, as it reads it (RFC 9112 §3.2)',
  },
);
