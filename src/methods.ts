/** Request methods that are meant where none is named. */

/**
 * What `Allow` says where any method is taken: those of RFC 9110 §9 and RFC 5789 that a relay forwards without being
 * told to.
 */
export const USUAL_METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
