/** MQTT topics, built and parsed here for both ends (docs/protocol.md, "Topics"). */

const ROOT = 'tessera/1'

/** Any gateway worker takes a conversation's first message from here. */
export const GATEWAY_IN = `${ROOT}/gateway/in`
/** The same, as a shared subscription: one worker of the group gets each message (MQTT 5 section 4.8.2; brokers offer it to 3.1.1 clients too). */
export const GATEWAY_IN_SHARED = `$share/gateway/${GATEWAY_IN}`
/** The signed version of the block list, retained. */
export const BLOCKS_NOTICE = `${ROOT}/notice/blocks`
/** Every terminal's presence, for the gateway's subscription. */
export const ALL_PRESENCE = `${ROOT}/terminal/+/presence`

export type Topic =
  | { readonly kind: 'gateway-in' }
  | { readonly kind: 'worker-in'; readonly worker: string }
  | { readonly kind: 'terminal-in'; readonly terminal: string }
  | { readonly kind: 'terminal-presence'; readonly terminal: string }
  | { readonly kind: 'terminal-notice'; readonly terminal: string }
  | { readonly kind: 'node-in'; readonly node: string }
  | { readonly kind: 'blocks-notice' }

/** Identifiers of terminals, workers and nodes: 16 to 32 lower case hexadecimal digits, so that no wildcard or level can hide in one. */
export const IDENTIFIER = /^[0-9a-f]{16,32}$/

function level(identifier: string): string {
  if (!IDENTIFIER.test(identifier)) throw new RangeError('not an identifier for a topic')
  return identifier
}

export function buildTopic(topic: Topic): string {
  switch (topic.kind) {
    case 'gateway-in':
      return GATEWAY_IN
    case 'worker-in':
      return `${ROOT}/gateway/${level(topic.worker)}/in`
    case 'terminal-in':
      return `${ROOT}/terminal/${level(topic.terminal)}/in`
    case 'terminal-presence':
      return `${ROOT}/terminal/${level(topic.terminal)}/presence`
    case 'terminal-notice':
      return `${ROOT}/terminal/${level(topic.terminal)}/notice`
    case 'node-in':
      return `${ROOT}/node/${level(topic.node)}/in`
    case 'blocks-notice':
      return BLOCKS_NOTICE
    default:
      return topic satisfies never
  }
}

/** Undefined for every topic that is not one of ours. */
export function parseTopic(text: string): Topic | undefined {
  if (text === GATEWAY_IN) return { kind: 'gateway-in' }
  if (text === BLOCKS_NOTICE) return { kind: 'blocks-notice' }
  const match = /^tessera\/1\/(gateway|terminal|node)\/([0-9a-f]{16,32})\/(in|presence|notice)$/.exec(text)
  if (match === null) return undefined
  const [, owner, identifier = '', leaf] = match
  switch (`${owner}/${leaf}`) {
    case 'gateway/in':
      return { kind: 'worker-in', worker: identifier }
    case 'terminal/in':
      return { kind: 'terminal-in', terminal: identifier }
    case 'terminal/presence':
      return { kind: 'terminal-presence', terminal: identifier }
    case 'terminal/notice':
      return { kind: 'terminal-notice', terminal: identifier }
    case 'node/in':
      return { kind: 'node-in', node: identifier }
    default:
      return undefined
  }
}
