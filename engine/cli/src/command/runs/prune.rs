//! `runwright runs prune`

use anyhow::Result;

use crate::exit::Exit;
use crate::moment;
use crate::operation::Operation;
use crate::render::Printer;
use crate::session::Session;

pub(super) async fn prune(
    older_than: &str,
    dry_run: bool,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    let age_ms = moment::duration_ms("--older-than", older_than)?;
    let before_ms = moment::now_ms()?.saturating_sub(age_ms);
    let pruned = session.call(&Operation::Prune { before_ms, dry_run }).await?;
    printer.result(&pruned, || {
        let (verb, runs) = (if dry_run { "would be deleted" } else { "deleted" }, &pruned["runs"]);
        format!("{runs} runs {verb}")
    })?;
    Ok(Exit::Done)
}
