//! The schema, and how an older one becomes the present one.

use super::database::Database;
use super::{StoreError, Value};

/// What differs between the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// Each step from one version to the next; a step that was released is never changed.
const STEPS: [&str; 1] = [FIRST];

const FIRST: &str = "
CREATE TABLE products (
    sale        TEXT   NOT NULL PRIMARY KEY,
    stock       BIGINT CHECK (stock >= 0),
    total       BIGINT,
    base_epoch  BIGINT NOT NULL,
    base_seq    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
) {without_rowid};
CREATE TABLE orders (
    sale        TEXT   NOT NULL,
    reservation BIGINT NOT NULL,
    user_id     TEXT   NOT NULL,
    qty         BIGINT NOT NULL,
    refunded    BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    epoch       BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    deadline    BIGINT NOT NULL,
    data        {bytes},
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    paid_at     BIGINT NOT NULL,
    PRIMARY KEY (sale, reservation)
) {without_rowid};
CREATE INDEX orders_by_user ON orders (user_id);
CREATE TABLE processed (
    sale        TEXT   NOT NULL,
    epoch       BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    entry       TEXT   NOT NULL,
    PRIMARY KEY (sale, epoch, seq)
) {without_rowid};
CREATE TABLE epochs (
    sale          TEXT   NOT NULL,
    epoch         BIGINT NOT NULL,
    events        BIGINT NOT NULL,
    newest        BIGINT NOT NULL,
    setbacks      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    reconciled_at BIGINT NOT NULL,
    PRIMARY KEY (sale, epoch)
) {without_rowid};
CREATE TABLE dead_letters (
    stream      TEXT   NOT NULL,
    entry       TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    deliveries  BIGINT NOT NULL,
    fields      {bytes} NOT NULL,
    sale        TEXT   NOT NULL,
    epoch       BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    settled     TEXT   NOT NULL,
    PRIMARY KEY (stream, entry)
) {without_rowid};
CREATE TABLE refund_tasks (
    sale        TEXT   NOT NULL,
    reservation BIGINT NOT NULL,
    user_id     TEXT   NOT NULL,
    qty         BIGINT NOT NULL,
    reason      TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    decided_at  BIGINT NOT NULL,
    PRIMARY KEY (sale, reservation)
) {without_rowid};
";

/// Brings the schema up to date; several programs may do so at once.
pub(super) fn migrate(database: &mut Database) -> Result<(), StoreError> {
    database.transaction(|session| {
        if session.dialect() == Dialect::Postgres {
            // Only one at a time: PostgreSQL would let two make the same table, and one of them fail.
            session.query("SELECT 1 FROM pg_advisory_xact_lock(7374637)", &[])?;
        }
        session.script("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")?;
        let rows = session.query("SELECT version FROM schema_version", &[])?;
        let version = rows.first().and_then(|row| row.first()).map_or(0, Value::int);
        let known = STEPS.len() as i64;
        if version > known {
            let why =
                format!("its schema has version {version}, and this program knows {known}: use a newer one");
            return Err(StoreError::Unavailable(why));
        }
        for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
            session.script(&adapted(step, session.dialect()))?;
        }
        if version < known {
            session.execute("DELETE FROM schema_version", &[])?;
            session.execute("INSERT INTO schema_version (version) VALUES ($1)", &[known.into()])?;
        }
        Ok(())
    })
}

fn adapted(sql: &str, dialect: Dialect) -> String {
    let (bytes, without_rowid) = match dialect {
        Dialect::Sqlite => ("BLOB", "WITHOUT ROWID"),
        Dialect::Postgres => ("BYTEA", ""),
    };
    sql.replace("{bytes}", bytes).replace("{without_rowid}", without_rowid)
}
