/** Where our own edge differs from the contract: it refuses more, or with another status than 400. */

const status = (code: number, section: string) => `refused as well, with ${code} (${section})`;

/** Title of a test → why it fails; edge-http1-refusals.test.ts says which status it is. */
export const HTTP1_EXCEPTIONS: Readonly<Record<string, string>> = {
  'TLS: HTTP/1.1 is the protocol, also for those who would rather speak h2':
    'h2 is spoken too: edge-http2.test.ts and edge-alpn.test.ts',
  // stricter, or another status of the RFC's choosing
  'taken: an empty Host': 'stricter: http and https URIs always have a host (RFC 9110 §4.2.1)',
  'refused: HTTP/0.9': status(505, 'RFC 9110 §15.6.6'),
  'refused: HTTP/1.2': status(505, 'RFC 9110 §15.6.6'),
  'refused: HTTP/2.0': status(505, 'RFC 9110 §15.6.6'),
  'refused: the preface of HTTP/2': status(501, 'RFC 9110 §9.1: PRI is no method of HTTP/1'),
  'refused: a method in lower case that is none': status(501, 'RFC 9110 §9.1'),
  'refused: Content-Length beyond 2^53': status(413, 'RFC 9110 §8.6'),
  'refused: Content-Length beyond 2^64': status(413, 'RFC 9110 §8.6'),
  'refused: a coding before chunked': status(501, 'RFC 9112 §6.1'),
  'refused: a coding after chunked': status(501, 'RFC 9112 §6.1'),
  'refused: chunked twice in one field': status(501, 'RFC 9112 §6.1'),
  'refused: Transfer-Encoding identity': status(501, 'RFC 9112 §6.1'),
  'refused: Transfer-Encoding with a parameter': status(501, 'RFC 9112 §6.1'),
  'refused: Transfer-Encoding in quotes': status(501, 'RFC 9112 §6.1'),
  'refused: Transfer-Encoding misspelt': status(501, 'RFC 9112 §6.1'),
  'refused: an empty Transfer-Encoding': status(501, 'RFC 9112 §6.1'),
  'a bad head behind a good request is refused after its answer': status(501, 'RFC 9112 §6.1'),
};
