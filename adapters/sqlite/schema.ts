/**
 * The tables of a standalone hub. One table for each thing that a port stores, with the columns by which it is found; what only the
 * hub reads back as a whole is JSON in one column. Times are ISO 8601 in UTC with milliseconds, so that they compare as text.
 *
 * Two rules hold for all of them. What is recorded as evidence (entries, reads) is in tables whose rows are only inserted, apart
 * from what changes, such as the result of a fan-out. An obligation is the column `due_at` of the row that it is about: an index
 * of the rows that have one is read by the sweeper, and no second table can disagree.
 */

const missions = `
CREATE TABLE entries (
  mission TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  event TEXT NOT NULL,
  sender TEXT NOT NULL,
  message_id TEXT NOT NULL,
  received_at TEXT NOT NULL,
  fold INTEGER NOT NULL,
  digest TEXT NOT NULL,
  packed BLOB NOT NULL,
  PRIMARY KEY (mission, number)
) STRICT;
CREATE INDEX entries_received ON entries (received_at, mission);
CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
  BEGIN SELECT RAISE(ABORT, 'an entry of a mission log is never changed'); END;
CREATE TRIGGER entries_are_never_removed BEFORE DELETE ON entries
  BEGIN SELECT RAISE(ABORT, 'an entry of a mission log is never removed'); END;

CREATE TABLE fan_outs (
  mission TEXT NOT NULL,
  number INTEGER NOT NULL,
  due_at TEXT,
  notified TEXT,
  without_subscription TEXT,
  completed_at TEXT,
  PRIMARY KEY (mission, number),
  FOREIGN KEY (mission, number) REFERENCES entries
) STRICT, WITHOUT ROWID;
CREATE INDEX fan_outs_due ON fan_outs (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE fingerprints (
  mission TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (mission, fingerprint, number)
) STRICT, WITHOUT ROWID;
`;

/** Projections: the fan-out of an entry writes them, and an older entry never overwrites a newer one (`entry`). */
const projections = `
CREATE TABLE tasks (
  mission TEXT NOT NULL,
  task TEXT NOT NULL,
  owner TEXT NOT NULL,
  asker TEXT NOT NULL,
  list TEXT NOT NULL CHECK (list IN ('open', 'closed')),
  place TEXT NOT NULL,
  entry INTEGER NOT NULL,
  item TEXT NOT NULL,
  due_at TEXT,
  PRIMARY KEY (mission, task)
) STRICT;
CREATE INDEX tasks_owner ON tasks (owner, list, place);
CREATE INDEX tasks_asker ON tasks (asker, list, place);
CREATE INDEX tasks_due ON tasks (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE readiness (
  mission TEXT NOT NULL PRIMARY KEY,
  operator TEXT NOT NULL,
  entry INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;
CREATE INDEX readiness_operator ON readiness (operator, mission);

CREATE TABLE incident_missions (
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  exercise INTEGER NOT NULL,
  list TEXT NOT NULL CHECK (list IN ('all', 'of-party', 'shared-with')),
  organisation TEXT NOT NULL,
  opened_at TEXT NOT NULL,
  mission TEXT NOT NULL,
  PRIMARY KEY (system, value, exercise, list, organisation, opened_at, mission)
) STRICT, WITHOUT ROWID;

CREATE TABLE mission_lists (
  organisation TEXT NOT NULL,
  part TEXT NOT NULL CHECK (part IN ('requester', 'coordinator')),
  place TEXT NOT NULL,
  entry INTEGER NOT NULL,
  is_open INTEGER NOT NULL,
  mission TEXT NOT NULL,
  row TEXT NOT NULL,
  PRIMARY KEY (organisation, part, place)
) STRICT;
CREATE INDEX mission_lists_open ON mission_lists (organisation, part, place) WHERE is_open = 1;

CREATE TABLE case_missions (
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  exercise INTEGER NOT NULL,
  place TEXT NOT NULL,
  mission TEXT NOT NULL,
  PRIMARY KEY (system, value, exercise, place)
) STRICT, WITHOUT ROWID;
`;

/** A row of `notifications` without a mission is no notification: a restored hub begins its numbers after it. */
const delivery = `
CREATE TABLE subscriptions (
  id TEXT NOT NULL PRIMARY KEY,
  organisation TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('requested', 'active', 'error', 'off')),
  revision INTEGER NOT NULL,
  agreement TEXT NOT NULL,
  failures INTEGER NOT NULL,
  failing_since TEXT,
  rejected_since TEXT,
  failed_call TEXT,
  retry_at TEXT,
  quick_answers_needed INTEGER,
  gaps TEXT,
  ended_at TEXT,
  due_at TEXT
) STRICT;
CREATE INDEX subscriptions_listed ON subscriptions (organisation) WHERE status <> 'off';
CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE listings (
  organisation TEXT NOT NULL PRIMARY KEY,
  listings INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
  subscription TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  organisation TEXT,
  mission TEXT,
  entry INTEGER,
  previous INTEGER,
  written_at TEXT,
  status TEXT CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  first_tried_at TEXT,
  rejected_for INTEGER,
  waiting TEXT,
  warned INTEGER,
  redriven_at TEXT,
  discarded_at TEXT,
  last_attempt_at TEXT,
  last_answer TEXT,
  completed_at TEXT,
  due_at TEXT,
  dead_since TEXT,
  PRIMARY KEY (subscription, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_due ON notifications (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_dead ON notifications (dead_since, subscription, number) WHERE dead_since IS NOT NULL;

CREATE TABLE places (
  subscription TEXT NOT NULL,
  mission TEXT NOT NULL,
  entry INTEGER NOT NULL,
  number INTEGER NOT NULL,
  claimed INTEGER,
  claimed_from INTEGER,
  PRIMARY KEY (subscription, mission)
) STRICT, WITHOUT ROWID;
`;

const audit = `
CREATE TABLE access_records (
  chain TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  at TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest TEXT NOT NULL,
  access TEXT NOT NULL,
  PRIMARY KEY (chain, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER access_records_are_never_changed BEFORE UPDATE ON access_records
  BEGIN SELECT RAISE(ABORT, 'a record of the access log is never changed'); END;
CREATE TRIGGER access_records_are_never_removed BEFORE DELETE ON access_records
  BEGIN SELECT RAISE(ABORT, 'a record of the access log is never removed'); END;

CREATE TABLE access_heads (
  chain TEXT NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL,
  digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE access_links (
  mission TEXT NOT NULL,
  chain TEXT NOT NULL,
  PRIMARY KEY (mission, chain)
) STRICT, WITHOUT ROWID;

CREATE TABLE nightly_parts (
  part INTEGER NOT NULL PRIMARY KEY,
  found TEXT NOT NULL
) STRICT;

CREATE TABLE nightly (
  job TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** `documents`: what operators load: one row each, replaced as a whole. */
const administration = `
CREATE TABLE documents (
  name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('directory', 'closure')),
  content TEXT NOT NULL,
  changed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE guidelines (
  loaded INTEGER PRIMARY KEY,
  version TEXT NOT NULL UNIQUE,
  content TEXT NOT NULL
) STRICT;

CREATE TABLE used_proofs (
  digest TEXT NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_proofs_expired ON used_proofs (expires_at);
`;

/** The steps from an empty database to the newest version; `user_version` is the number of those that were taken. */
export const migrations: readonly string[] = [[missions, projections, delivery, audit, administration].join('\n')];

/** `application_id`: "lubr" in ASCII. It tells a hub's database from another program's. */
export const applicationId = 0x6c_75_62_72;
