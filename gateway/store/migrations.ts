/** The SQLite schema, one step for each version of `user_version`. A step that was released is never changed. */

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE holders (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    role TEXT CHECK (role IN ('desk', 'registrar', 'supervisor')),
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    registered_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX holders_with_role ON holders (id) WHERE role IS NOT NULL;

  CREATE TABLE cards (
    guid BLOB PRIMARY KEY CHECK (length(guid) = 16),
    holder BLOB NOT NULL REFERENCES holders (id),
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'blocked', 'withdrawn')),
    linked INTEGER NOT NULL CHECK (linked IN (0, 1)),
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    serial INTEGER,
    registered_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    management_key_algorithm TEXT NOT NULL,
    sealed_secrets BLOB
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cards_by_holder ON cards (holder);

  CREATE TABLE card_certificates (
    fingerprint BLOB PRIMARY KEY CHECK (length(fingerprint) = 32),
    guid BLOB NOT NULL REFERENCES cards (guid),
    algorithm TEXT NOT NULL CHECK (algorithm IN ('ES256', 'ES384')),
    public_key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    valid INTEGER NOT NULL CHECK (valid IN (0, 1))
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX one_valid_certificate_of_card ON card_certificates (guid) WHERE valid = 1;
  CREATE UNIQUE INDEX one_valid_certificate_of_key ON card_certificates (public_key) WHERE valid = 1;

  CREATE TABLE invitations (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    site TEXT NOT NULL,
    may_register_first_operator INTEGER NOT NULL CHECK (may_register_first_operator IN (0, 1)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    terminal TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE terminals (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'withdrawn')),
    enrolled_at INTEGER NOT NULL,
    fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
    public_key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    invitation BLOB NOT NULL REFERENCES invitations (id),
    may_register_first_operator INTEGER NOT NULL CHECK (may_register_first_operator IN (0, 1)),
    connection BLOB,
    seen_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX terminals_by_connection ON terminals (connection) WHERE connection IS NOT NULL;

  CREATE TABLE registrations (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    guid BLOB NOT NULL REFERENCES cards (guid),
    holder BLOB NOT NULL REFERENCES holders (id),
    terminal TEXT NOT NULL REFERENCES terminals (id),
    registrar BLOB REFERENCES holders (id),
    role TEXT CHECK (role IN ('desk', 'registrar', 'supervisor')),
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'abandoned')),
    started_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX one_open_registration_of_card ON registrations (guid) WHERE state = 'open';

  CREATE TABLE logins (
    sequence INTEGER PRIMARY KEY,
    session BLOB NOT NULL UNIQUE CHECK (length(session) = 16),
    holder BLOB NOT NULL REFERENCES holders (id),
    guid BLOB NOT NULL REFERENCES cards (guid),
    terminal TEXT NOT NULL REFERENCES terminals (id),
    site TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('holder', 'operator', 'registration')),
    at INTEGER NOT NULL,
    ended_at INTEGER,
    ended TEXT
  ) STRICT;
  CREATE INDEX logins_by_holder ON logins (holder, sequence);
  CREATE INDEX open_sessions ON logins (terminal) WHERE ended_at IS NULL;

  CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    entry BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
  ) STRICT;
  CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL
  ) STRICT;
  `,
  // Blocks, unblocking, places.
  `
  ALTER TABLE cards ADD COLUMN fresh_secrets BLOB;
  ALTER TABLE cards ADD COLUMN presence_key BLOB CHECK (presence_key IS NULL OR length(presence_key) = 64);
  CREATE INDEX blocked_cards ON cards (guid) WHERE state = 'blocked';

  ALTER TABLE registrations ADD COLUMN kind TEXT NOT NULL DEFAULT 'registration' CHECK (kind IN ('registration', 'unblocking'));

  CREATE TABLE new_logins (
    sequence INTEGER PRIMARY KEY,
    session BLOB NOT NULL UNIQUE CHECK (length(session) = 16),
    holder BLOB NOT NULL REFERENCES holders (id),
    guid BLOB NOT NULL REFERENCES cards (guid),
    terminal TEXT NOT NULL REFERENCES terminals (id),
    site TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('holder', 'operator', 'registration', 'approval')),
    at INTEGER NOT NULL,
    ended_at INTEGER,
    ended TEXT
  ) STRICT;
  INSERT INTO new_logins SELECT sequence, session, holder, guid, terminal, site, purpose, at, ended_at, ended FROM logins;
  DROP TABLE logins;
  ALTER TABLE new_logins RENAME TO logins;
  CREATE INDEX logins_by_holder ON logins (holder, sequence);
  CREATE INDEX open_sessions ON logins (terminal) WHERE ended_at IS NULL;
  CREATE INDEX open_sessions_of_card ON logins (guid) WHERE ended_at IS NULL;

  CREATE TABLE block_changes (
    version INTEGER PRIMARY KEY,
    guid BLOB NOT NULL REFERENCES cards (guid),
    blocked INTEGER NOT NULL CHECK (blocked IN (0, 1)),
    at INTEGER NOT NULL,
    notice BLOB UNIQUE CHECK (notice IS NULL OR length(notice) = 16),
    cause TEXT CHECK (cause IN ('finding', 'supervisor', 'administrator')),
    finding TEXT
  ) STRICT;
  CREATE INDEX block_changes_by_card ON block_changes (guid, version);

  CREATE TABLE presences (
    terminal TEXT PRIMARY KEY REFERENCES terminals (id),
    connected_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    online INTEGER NOT NULL CHECK (online IN (0, 1)),
    seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE reader_places (
    terminal TEXT NOT NULL REFERENCES terminals (id),
    reader TEXT NOT NULL,
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('empty', 'card', 'mute', 'in-use')),
    card BLOB,
    since INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    attached INTEGER NOT NULL CHECK (attached IN (0, 1)),
    PRIMARY KEY (terminal, reader)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reader_places_by_name ON reader_places (reader, terminal);
  CREATE TABLE card_places (
    guid BLOB NOT NULL REFERENCES cards (guid),
    terminal TEXT NOT NULL REFERENCES terminals (id),
    reader TEXT NOT NULL,
    since INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (guid, terminal)
  ) STRICT, WITHOUT ROWID;
  `,
  // Service nodes and their tokens.
  `
  CREATE TABLE nodes (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'withdrawn')),
    scopes TEXT NOT NULL,
    token_ms INTEGER NOT NULL,
    invitation BLOB NOT NULL UNIQUE CHECK (length(invitation) = 32),
    invited_at INTEGER NOT NULL,
    invitation_expires_at INTEGER NOT NULL,
    invitation_used INTEGER NOT NULL CHECK (invitation_used IN (0, 1)),
    id TEXT UNIQUE,
    fingerprint BLOB UNIQUE CHECK (fingerprint IS NULL OR length(fingerprint) = 32),
    public_key BLOB,
    certificate BLOB,
    enrolled_at INTEGER,
    connection BLOB,
    seen_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX nodes_by_connection ON nodes (connection) WHERE connection IS NOT NULL;

  CREATE TABLE tokens (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    node TEXT NOT NULL REFERENCES nodes (name),
    audience TEXT NOT NULL,
    session BLOB NOT NULL CHECK (length(session) = 16),
    operator BLOB CHECK (operator IS NULL OR length(operator) = 16),
    guid BLOB NOT NULL REFERENCES cards (guid),
    holder BLOB NOT NULL REFERENCES holders (id),
    terminal TEXT NOT NULL REFERENCES terminals (id),
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    announced_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX live_tokens_of_session ON tokens (session) WHERE revoked_at IS NULL;
  CREATE INDEX live_tokens_of_operator ON tokens (operator) WHERE revoked_at IS NULL AND operator IS NOT NULL;
  CREATE INDEX live_tokens_of_card ON tokens (guid) WHERE revoked_at IS NULL;
  CREATE INDEX live_tokens_of_holder ON tokens (holder) WHERE revoked_at IS NULL;
  CREATE INDEX tokens_by_end ON tokens (expires_at);
  CREATE INDEX revoked_tokens ON tokens (audience, revoked_at) WHERE revoked_at IS NOT NULL;
  CREATE INDEX unannounced_tokens ON tokens (expires_at) WHERE revoked_at IS NOT NULL AND announced_at IS NULL;
  `,
  // Findings, and what their rules look up.
  `
  ALTER TABLE logins ADD COLUMN begun_at INTEGER;
  CREATE INDEX logins_by_card ON logins (guid, sequence);
  CREATE INDEX open_operators ON logins (at) WHERE ended_at IS NULL AND purpose = 'operator';

  CREATE TABLE findings (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    occurrences INTEGER NOT NULL,
    kind TEXT NOT NULL,
    layer TEXT NOT NULL,
    severity TEXT NOT NULL,
    response TEXT NOT NULL,
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    terminal TEXT NOT NULL,
    site TEXT NOT NULL,
    card BLOB CHECK (card IS NULL OR length(card) = 16),
    evidence TEXT NOT NULL
  ) STRICT;
  CREATE INDEX findings_by_kind ON findings (kind, sequence);
  CREATE INDEX findings_by_time ON findings (at, kind);

  CREATE TABLE timings (
    subject TEXT PRIMARY KEY,
    history BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
