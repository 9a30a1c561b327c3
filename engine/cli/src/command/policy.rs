//! `runwright policy`

mod convert;
mod validate;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::arguments::{Policy, TestPolicies};
use crate::exit::{Exit, Refusal};
use crate::moment;
use crate::operation::{Operation, PolicyOperation};
use crate::render::{Printer, short, table};
use crate::session::Session;

/// Characters of a policy's text in a list.
const EXCERPT: usize = 90;

pub(crate) async fn run(
    arguments: Policy,
    session: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    match arguments {
        Policy::List => list(&session().await?, printer).await,
        Policy::Status => status(&session().await?, printer).await,
        Policy::Validate { files } => validate::run(&files, printer),
        Policy::Convert(arguments) => convert::run(&arguments, printer),
        Policy::Test(arguments) => test(arguments, session, printer).await,
        Policy::Schema => {
            let schema = services::access::schema_text();
            printer.exact(&json!({ "schema": schema }), schema.trim_end())?;
            Ok(Exit::Done)
        }
    }
}

async fn list(session: &Session, printer: Printer) -> Result<Exit> {
    let policies = session.call(&Operation::Policy(PolicyOperation::List)).await?;
    printer.result(&policies, || {
        let row = |policy: &Value| {
            let forbids = policy["forbids"].as_bool().unwrap_or_default();
            let effect = if forbids { "forbid" } else { "permit" };
            let words: Vec<&str> =
                policy["text"].as_str().unwrap_or_default().split_whitespace().collect();
            vec![
                policy["id"].as_str().unwrap_or_default().to_owned(),
                effect.to_owned(),
                short(&json!(words.join(" ")), EXCERPT),
            ]
        };
        let rows: Vec<_> = policies.as_array().into_iter().flatten().map(row).collect();
        table(&["POLICY", "EFFECT", "TEXT"], &rows)
    })?;
    Ok(Exit::Done)
}

async fn status(session: &Session, printer: Printer) -> Result<Exit> {
    let status = session.call(&Operation::Policy(PolicyOperation::Status)).await?;
    let is_broken = status["isBroken"].as_bool().unwrap_or_default();
    printer.result(&status, || {
        let directory = status["directory"].as_str();
        let loaded = moment::shown(status["loadedMs"].as_u64().unwrap_or_default());
        let state = if is_broken {
            "broken: those that were last good are asked"
        } else {
            "what is in the directory is asked"
        };
        let mut text = match directory {
            Some(directory) => format!("directory  {directory}\nstate      {state}\n"),
            None => "directory  none: only the policies of the program are asked\n".to_owned(),
        };
        text.push_str(&format!("policies   {}, read at {loaded}\n", status["count"]));
        for diagnostic in status["diagnostics"].as_array().into_iter().flatten() {
            text.push_str(&validate::line(diagnostic));
        }
        text
    })?;
    Ok(if is_broken { Exit::BadInput } else { Exit::Done })
}

async fn test(
    arguments: TestPolicies,
    session: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    let TestPolicies { principal, action, resource, context } = arguments;
    let mut pairs = Vec::with_capacity(context.len());
    for pair in context {
        match pair.split_once('=') {
            Some((key, value)) => pairs.push((key.to_owned(), value.to_owned())),
            None => bail!(
                Refusal::bad_input(format!("--context {pair}: a value is missing"))
                    .with_help("write it as KEY=VALUE, such as withDecryption=true")
            ),
        }
    }
    let (user, role) = (principal.user, principal.role);
    let operation = PolicyOperation::Try { user, role, action, resource, context: pairs };
    let decision = session().await?.call(&Operation::Policy(operation)).await?;
    let is_allowed = decision["isAllowed"].as_bool().unwrap_or_default();
    printer.result(&decision, || decided(&decision, is_allowed))?;
    Ok(if is_allowed { Exit::Done } else { Exit::Denied })
}

fn decided(decision: &Value, is_allowed: bool) -> String {
    let text = |member: &str| decision[member].as_str().unwrap_or_default();
    let texts = |member: &str| -> Vec<&str> {
        decision[member].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let policies = texts("policies");
    let verdict = match (is_allowed, policies.is_empty()) {
        (true, _) => format!("allowed by {}", policies.join(", ")),
        (false, false) => format!("denied by {}", policies.join(", ")),
        (false, true) => "denied: no policy allows it".to_owned(),
    };
    let mut shown = format!(
        "{verdict}\n  principal  {}\n  action     {}\n  resource   {}\n",
        text("principal"),
        text("action"),
        text("resource"),
    );
    for error in texts("errors") {
        shown.push_str(&format!("  a policy could not be evaluated: {error}\n"));
    }
    shown
}
