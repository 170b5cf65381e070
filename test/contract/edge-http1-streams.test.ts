/** The contract, kept by our own edge on a Node that lacks the short ways to the system (src/sockets/native.ts). */
import { Http1Edge } from '../../src/edges/http1/index.ts';
import { Loop } from '../../src/sockets/loop.ts';
import { edgeContract } from './edge.ts';
import { HTTP1_EXCEPTIONS } from './edge-http1-exceptions.ts';

edgeContract(
  'http1, through streams',
  (settings, accept) => new Http1Edge({ ...settings, loop: new Loop(undefined, null) }, accept),
  HTTP1_EXCEPTIONS,
);
