/** Error codes and flags of HTTP/2 (RFC 9113 §6.1 and §7), without loading Node's module for them. */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const INTERNAL_ERROR = 2;
export const FLOW_CONTROL_ERROR = 3;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;
export const HTTP_1_1_REQUIRED = 13;
/** Flag of DATA and HEADERS. */
export const END_STREAM = 1;
