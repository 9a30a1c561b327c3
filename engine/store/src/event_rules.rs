//! Rules that the API of `EventBridge` makes, and their targets. What they say is the caller's.

use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::text_key::after_prefix;
use crate::transaction::{ReadTx, Tx};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    pub name: String,
    pub description: Option<String>,
    /// JSON text.
    pub pattern: Option<String>,
    /// `rate(...)` or `cron(...)`.
    pub schedule: Option<String>,
    /// In the words of the API.
    pub state: String,
    pub role_arn: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// The principal who made it.
    pub created_by: String,
}

/// A target of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    pub rule: String,
    pub id: String,
    pub arn: String,
    /// JSON text.
    pub target: String,
}

/// Writes a rule. One of that name becomes this one, but for when and by whom it was made; its targets stay.
pub fn put(tx: &mut Tx<'_>, rule: &RuleRow) -> Result<(), WriteError> {
    let RuleRow { name, description, pattern, schedule, state, role_arn, created_ms, created_by } =
        rule;
    tx.execute(
        "INSERT INTO event_rules
           (name, description, pattern, schedule, state, role_arn, created_ms, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (name) DO UPDATE SET description = excluded.description,
           pattern = excluded.pattern, schedule = excluded.schedule, state = excluded.state,
           role_arn = excluded.role_arn",
        params![name, description, pattern, schedule, state, role_arn, created_ms, created_by],
    )?;
    Ok(())
}

/// Sets the state of a rule and returns whether there is such a rule.
pub fn set_state(tx: &mut Tx<'_>, name: &str, state: &str) -> Result<bool, WriteError> {
    let sql = "UPDATE event_rules SET state = $1 WHERE name = $2";
    Ok(tx.execute(sql, [state, name])? > 0)
}

/// Deletes a rule with its targets and returns whether it was there.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM event_rules WHERE name = $1", [name])? > 0)
}

/// Returns a rule.
pub fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<RuleRow>, ReadError> {
    tx.row("SELECT * FROM event_rules WHERE name = $1", [name], read_rule)
}

/// Returns how many rules there are.
pub fn count(tx: &ReadTx<'_>) -> Result<u64, ReadError> {
    let count = tx.row("SELECT count(*) FROM event_rules", [], |row| row.get(0))?;
    Ok(count.unwrap_or_default())
}

/// Returns up to `limit` rules whose names begin with `prefix`, in the order of their names, after the name `after`.
pub fn list(
    tx: &ReadTx<'_>,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<RuleRow>, ReadError> {
    tx.rows(
        "SELECT * FROM event_rules
         WHERE name >= $1 AND name > $2 AND ($3 IS NULL OR name < $3) ORDER BY name LIMIT $4",
        params![prefix, after, after_prefix(prefix), limit],
        read_rule,
    )
}

/// Writes a target of a rule that is there, in the place of the one with its id if there is one.
pub fn put_target(tx: &mut Tx<'_>, row: &TargetRow) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO event_targets (rule, id, arn, target) VALUES ($1, $2, $3, $4)
         ON CONFLICT (rule, id) DO UPDATE SET arn = excluded.arn, target = excluded.target",
        [&row.rule, &row.id, &row.arn, &row.target],
    )?;
    Ok(())
}

/// Removes a target and returns whether it was there.
pub fn remove_target(tx: &mut Tx<'_>, rule: &str, id: &str) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM event_targets WHERE rule = $1 AND id = $2", [rule, id])? > 0)
}

/// Returns up to `limit` targets of a rule, in the order of their ids, after the id `after`.
pub fn targets(
    tx: &ReadTx<'_>,
    rule: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<TargetRow>, ReadError> {
    tx.rows(
        "SELECT * FROM event_targets WHERE rule = $1 AND id > $2 ORDER BY id LIMIT $3",
        params![rule, after, limit],
        read_target,
    )
}

/// Returns the targets of all rules, in the order of rules and ids.
pub fn all_targets(tx: &ReadTx<'_>) -> Result<Vec<TargetRow>, ReadError> {
    tx.rows("SELECT * FROM event_targets ORDER BY rule, id", [], read_target)
}

/// Returns up to `limit` names of rules that have a target with this ARN, in order, after the name `after`.
pub fn rules_of_target(
    tx: &ReadTx<'_>,
    arn: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, ReadError> {
    tx.rows(
        "SELECT DISTINCT rule FROM event_targets WHERE arn = $1 AND rule > $2
         ORDER BY rule LIMIT $3",
        params![arn, after, limit],
        |row| row.get(0),
    )
}

fn read_rule(row: &Row<'_>) -> rusqlite::Result<RuleRow> {
    Ok(RuleRow {
        name: row.get("name")?,
        description: row.get("description")?,
        pattern: row.get("pattern")?,
        schedule: row.get("schedule")?,
        state: row.get("state")?,
        role_arn: row.get("role_arn")?,
        created_ms: row.get("created_ms")?,
        created_by: row.get("created_by")?,
    })
}

fn read_target(row: &Row<'_>) -> rusqlite::Result<TargetRow> {
    Ok(TargetRow {
        rule: row.get("rule")?,
        id: row.get("id")?,
        arn: row.get("arn")?,
        target: row.get("target")?,
    })
}
