//! `runwright runs prune`

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use runbook::duration;

use crate::exit::{Exit, Refusal};
use crate::operation::Operation;
use crate::render::Printer;
use crate::session::Session;

pub(super) async fn prune(
    older_than: &str,
    dry_run: bool,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    let age_ms = duration::parse(older_than)
        .map_err(|error| Refusal::bad_input(format!("--older-than: {error}")))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let before_ms = u64::try_from(now.as_millis())?.saturating_sub(age_ms);
    let pruned = session.call(&Operation::Prune { before_ms, dry_run }).await?;
    printer.result(&pruned, || {
        let (verb, runs) = (if dry_run { "would be deleted" } else { "deleted" }, &pruned["runs"]);
        format!("{runs} runs {verb}")
    })?;
    Ok(Exit::Done)
}
