/** Bare http-proxy: Node's server, kept connections to the upstream, nothing else. Run as a program: `PORT TARGET-PORT`. */
import { Agent, createServer, type ServerResponse } from 'node:http';
import httpProxy from 'http-proxy';

const [port, target] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${target}`, agent });

proxy.on('error', (_error, _req, res) => {
  (res as ServerResponse).writeHead?.(502).end();
});

const server = createServer((req, res) => proxy.web(req, res));
server.keepAliveTimeout = 75_000;
server.listen(port, '127.0.0.1');

// An orderly exit lets `--cpu-prof` write its file.
process.once('SIGTERM', () => process.exit(0));
