//! `runwright policy convert`

use anyhow::Result;
use serde_json::json;
use services::access::iam::{self, Holder};

use super::validate::read;
use crate::arguments::{Convert, Output};
use crate::exit::Exit;
use crate::render::{self, Printer};

pub(super) fn run(arguments: &Convert, printer: Printer) -> Result<Exit> {
    let Convert { file, holder } = arguments;
    let holder = match (&holder.user, &holder.role) {
        (Some(name), _) => Holder::User(name),
        (None, Some(name)) => Holder::Role(name),
        (None, None) => Holder::Everybody,
    };
    match iam::convert(&read(file)?, holder) {
        Ok(cedar) => {
            printer.exact(&json!({ "cedar": cedar }), cedar.trim_end())?;
            Ok(Exit::Done)
        }
        Err(refused) => {
            // What is on standard output is Cedar, or nothing.
            if printer.output == Output::Json {
                printer.result(&json!({ "refused": refused }), String::new)?;
            }
            for refused in &refused {
                let place = if refused.place.is_empty() { "the policy" } else { &refused.place };
                render::note(format!("{}: {place}: {}", file.display(), refused.reason));
            }
            render::note("nothing was converted: a policy is converted as a whole or not at all");
            Ok(Exit::BadInput)
        }
    }
}
