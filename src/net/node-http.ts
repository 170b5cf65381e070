/**
 * Node's HTTP modules, for their values. To import these by name makes Node read every property of them, and one of
 * those, a WebSocket, loads undici: 50 ms of each thread's start. Types are imported from `node:http` as always.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
