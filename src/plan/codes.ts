/** Every code that the loader itself can report, and what it means. Kinds of policy report codes of their own beside these. */
export const PROBLEM_CODES = Object.freeze({
  // files and YAML
  'no-rules': 'The rules folder holds no *.yaml file.',
  'unreadable-file': 'A file cannot be read, is no regular file, or is not UTF-8.',
  'left-out':
    'Something in the rules folder looks like rules but is not read: *.yml, a sub-folder, a link that leads nowhere.',
  'file-too-large': 'A file, or all rules together, are larger than is parsed, or become so by what variables put in.',
  'empty-file': 'A file is empty or holds only comments; an editor may not have finished writing it.',
  syntax: 'The file is not YAML 1.2, or holds more than one document.',
  'duplicate-key': 'A map has the same key twice; YAML would silently keep one.',
  'merge-key': 'YAML merge keys (<<) are not read: what they change is hard to see.',
  'bad-alias': 'An alias names an anchor that does not stand before it.',
  'alias-bomb': 'Aliases expand to more than is sensible.',
  'unquoted-key': 'A key would be read as a number, true, false or null.',
  'bad-key': 'A key is a map, a list or a name that cannot be used.',
  'too-deep': 'Values are nested too deeply.',
  'bad-tag': 'A tag (!!omap, !!binary, !own) is not read, or does not fit its value.',
  'odd-number': 'A number is read otherwise than it looks (010, 0x1F), or JSON cannot carry it (.inf, -0, past 2^53).',
  'odd-text': 'A text in `json` that others take for true, false or a number (yes, 1_000).',
  'missing-env':
    'An environment variable is unset or empty and has no default; a warning of `weir check` without --strict.',
  'bad-env': 'A reference to an environment variable is malformed.',
  'too-many-problems': 'There are more problems than are told.',
  // shape
  'unknown-section': 'The file has a section that does not exist.',
  'empty-section': 'A section has no content; the file may be half written.',
  'no-sections': 'The file is not a map of sections.',
  'unknown-key': 'A key does not exist here.',
  'unknown-kind': 'A policy is of a kind that does not exist.',
  'missing-kind': 'A policy has no kind.',
  'several-kinds': 'A policy has more than one kind.',
  'missing-key': 'A key that is needed is missing.',
  'wrong-type': 'A value has the wrong type.',
  'unquoted-text': 'A text that YAML reads as a number, true or false must be quoted.',
  'bad-unit': 'A duration, size, rate or percentage cannot be read.',
  'bad-value': 'A value is none of those that can stand here.',
  'out-of-range': 'A number is too small or too large.',
  'wrong-count': 'There are too few or too many entries.',
  'duplicate-item': 'A list has the same entry twice.',
  'bad-name': 'A name has characters that names cannot have.',
  'duplicate-name': 'Two files define the same name.',
  // regions
  'unknown-country': 'No country has this ISO 3166-1 code.',
  'unknown-continent': 'No continent has this code.',
  'overlapping-regions': 'A country or continent belongs to two regions.',
  'several-defaults': 'More than one region is the default.',
  'no-default-region': 'Upstreams choose by region, but clients of no region have none.',
  // upstreams
  'bad-url': 'An endpoint URL cannot be used.',
  'unknown-region': 'A region does not exist.',
  'zero-weights': 'All weights are 0, so nothing would be chosen.',
  'http2-forwarder': 'The forwarder does not speak HTTP/2.',
  'own-listener': 'An endpoint is a listener of the same process settings, so requests would come back.',
  'unused-upstream': 'No route leads to an upstream.',
  // policies and facts
  'unknown-upstream': 'An upstream does not exist.',
  'unknown-policy': 'A policy does not exist.',
  'policy-twice': 'A route uses the same policy twice.',
  'unused-policy': 'No route uses a policy.',
  'few-nonces': 'The store is full at a rate of signed requests that is soon reached.',
  'kind-failed': 'The kind of a policy failed on its settings: a bug in that kind.',
  'bad-template': 'A ${template} cannot be read.',
  'unknown-fact': 'Nothing sets a fact of this name.',
  'fact-too-early': 'A fact is read before the policy that sets it has run.',
  'fact-not-set': 'A fact is read on a route where nothing sets it.',
  'fact-wrong-phase': 'A fact is read where it is not known yet.',
  // routes
  'bad-path': 'A path pattern is not well formed.',
  'bad-host': 'A host pattern is not well formed.',
  'bad-header': 'A header name or value cannot stand in a header field.',
  'to-or-reply': 'A route needs exactly one of `to` and `reply`.',
  'several-bodies': 'At most one of `json`, `text` and `body` can be given.',
  'reply-body': 'A reply with this status has no body.',
  'unreachable-route': 'An earlier route takes every request of this one.',
  // tests
  'unknown-route': 'A route does not exist.',
  'unknown-endpoint': 'An endpoint does not exist.',
  'bad-address': 'A network address cannot be read.',
  'bad-time': 'A time is not in ISO 8601 form.',
  // config
  'bad-cidr': 'A network is not in CIDR form.',
  'duplicate-address': 'Two listeners have the same address.',
  'half-close-over-tls': '`halfClose` on a listener with TLS, where it does nothing.',
  'admin-token': 'The admin listener can be reached from outside and has no token.',
  'short-admin-token': 'The admin token is so short that it may be guessed.',
  'tls-without-certificates': 'A TLS listener has no certificate.',
  'store-unavailable': 'The store is not in this build.',
} as const);

/** What a start finds out beside the loader: about the files that config and rules name, and about the machine. */
export const START_PROBLEM_CODES = Object.freeze({
  'bad-certificate': 'A certificate or key cannot be used, or the two do not fit.',
  'certificate-lifetime': 'A certificate has expired or is not valid yet.',
  'bad-geoip': 'The country database or its overrides cannot be used.',
  'bad-policy-file': 'A file that a policy reads cannot be used.',
  'runtime-folder': 'The folder for the Unix socket cannot be used, so no other process can take over.',
  'state-folder': 'The folder for the last good rules cannot be used, so a start with broken rules fails.',
  'too-few-descriptors': '`limits.connections` may need more file descriptors than this process may have.',
  refused: 'The rules cannot be compiled, or a traffic thread did not take them.',
} as const);

/** A code of the loader's, or of a start's. */
export type ProblemCode = keyof typeof PROBLEM_CODES | keyof typeof START_PROBLEM_CODES;
