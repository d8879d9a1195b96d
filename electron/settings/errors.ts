export type SettingsErrorKind =
  /** The file is there and cannot be read. */
  | 'unreadable'
  /** The file is not a JSON object. */
  | 'not-json'
  /** A key that there is not. */
  | 'unknown-key'
  | 'bad-value'
  /** A client certificate without its key, or the other way round. */
  | 'incomplete'
  /** A policy that somebody else than the administrator could have written. */
  | 'not-protected'

/** `key` is named as it stands in its source: brokerUrl in the file and the policy, TESSERA_BROKER_URL in the environment. */
export class SettingsError extends Error {
  readonly kind: SettingsErrorKind
  readonly source: string
  readonly key: string | undefined
  constructor(kind: SettingsErrorKind, source: string, key: string | undefined, wanted: string, options?: ErrorOptions) {
    super(`Settings: ${key === undefined ? source : `${key} (${source})`}: ${wanted}`, options)
    this.name = 'SettingsError'
    this.kind = kind
    this.source = source
    this.key = key
  }
}
