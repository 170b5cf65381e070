/**
 * What the sample says: one message as the Claude Messages API shapes it, plain and as the events of a stream.
 * Pure. Shapes follow "Messages" and "Streaming messages" of the API reference.
 */

export interface Answer {
  readonly id: string;
  readonly model: string;
  /** The reply in pieces: each becomes one `content_block_delta`, together they are the text. */
  readonly pieces: readonly string[];
  readonly stopReason: 'end_turn' | 'max_tokens';
  readonly inputTokens: number;
  /** One a piece: close enough to a token for a sample. */
  readonly outputTokens: number;
}

/** One server-sent event. */
export interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * Composes the reply to a request body that has `messages`. `max_tokens` cuts it, as it would the real one; `model`
 * comes back as asked for.
 */
export function composeAnswer(request: Record<string, unknown>, who: string, id: string): Answer {
  const { asked, length } = readMessages(request.messages as unknown[]);
  const words = `Hello from ${who}. You said: ${asked || 'nothing'}`.match(/\S+\s*/g)!;
  const limit = typeof request.max_tokens === 'number' ? Math.max(1, request.max_tokens) : words.length;
  const pieces = words.slice(0, limit);
  return {
    id,
    model: typeof request.model === 'string' ? request.model : 'claude-sample',
    pieces,
    stopReason: pieces.length < words.length ? 'max_tokens' : 'end_turn',
    inputTokens: Math.max(1, Math.ceil(length / 4)),
    outputTokens: pieces.length,
  };
}

/** The whole message: the body of a plain reply. */
export function messageOf(answer: Answer): object {
  return {
    ...envelope(answer),
    content: [{ type: 'text', text: answer.pieces.join('') }],
    stop_reason: answer.stopReason,
    usage: usage(answer, answer.outputTokens),
  };
}

/** The events of a streamed reply, in the order the API sends them. */
export function eventsOf(answer: Answer): StreamEvent[] {
  const start = { ...envelope(answer), content: [], stop_reason: null, usage: usage(answer, 1) };
  return [
    { type: 'message_start', message: start },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'ping' },
    ...answer.pieces.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: answer.stopReason, stop_sequence: null },
      usage: { output_tokens: answer.outputTokens },
    },
    { type: 'message_stop' },
  ];
}

/** An event as it goes on the wire. */
export function eventText(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function envelope(answer: Answer): object {
  return { id: answer.id, type: 'message', role: 'assistant', model: answer.model, stop_sequence: null };
}

function usage(answer: Answer, outputTokens: number): object {
  return {
    input_tokens: answer.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    service_tier: 'standard',
  };
}

/** The last user turn's text, and the length of all text. Content is a string or a list of blocks. */
function readMessages(messages: readonly unknown[]): { asked: string; length: number } {
  let asked = '';
  let length = 0;
  for (const message of messages) {
    const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
    const text = textOf(content);
    length += text.length;
    if (role === 'user') asked = text;
  }
  return { asked, length };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((block) => (typeof block?.text === 'string' ? block.text : '')).join(' ');
}
