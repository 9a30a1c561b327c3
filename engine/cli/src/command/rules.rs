//! `runwright rules`

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use services::triggers::{RuleSet, check_files, read_files};

use crate::arguments::{MatchStatus, Rules};
use crate::command::events::event_of;
use crate::engine::perform::triggers::verdicts;
use crate::exit::{Exit, Refusal};
use crate::moment;
use crate::operation::{Operation, RuleOperation};
use crate::render::{Printer, safe, safe_line, table};
use crate::session::Session;

pub(crate) async fn run(
    arguments: Rules,
    session: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    match arguments {
        Rules::Status => status(&session().await?, printer).await,
        Rules::List => {
            let rules = ask(&session().await?, RuleOperation::List).await?;
            printer.result(&rules, || listed(&rules))?;
            Ok(Exit::Done)
        }
        Rules::Test { event, rules } => {
            let event = event_of(&event)?;
            let verdicts = match rules {
                Some(directory) => verdicts(&of_directory(&directory)?, &event)?,
                None => ask(&session().await?, RuleOperation::Test { event }).await?,
            };
            printer.result(&verdicts, || verdicts_text(&verdicts))?;
            Ok(Exit::Done)
        }
        Rules::Backtest { since, rules } => {
            let files = rules.as_deref().map(files_of).transpose()?;
            let from_ms = moment::past("--since", &since)?;
            let operation = RuleOperation::Backtest { files, from_ms };
            let test = ask(&session().await?, operation).await?;
            printer.result(&test, || backtest_text(&test))?;
            Ok(Exit::Done)
        }
        Rules::Matches { rule, status, limit } => {
            let status = status.map(status_name).map(str::to_owned);
            let operation = RuleOperation::Matches { rule, status, limit };
            let matches = ask(&session().await?, operation).await?;
            printer.result(&matches, || matches_text(&matches))?;
            Ok(Exit::Done)
        }
        Rules::Retry { matches, rule, all: _ } => {
            let operation = RuleOperation::Retry { matches, rule };
            let retried = ask(&session().await?, operation).await?;
            printer
                .result(&retried, || format!("{} matches are tried again", retried["matches"]))?;
            Ok(Exit::Done)
        }
    }
}

async fn ask(session: &Session, operation: RuleOperation) -> Result<Value> {
    session.call(&Operation::Rules(operation)).await
}

fn status_name(status: MatchStatus) -> &'static str {
    match status {
        MatchStatus::Pending => "Pending",
        MatchStatus::Done => "Done",
        MatchStatus::Dead => "Dead",
        MatchStatus::Stopped => "Stopped",
    }
}

fn files_of(directory: &Path) -> Result<BTreeMap<String, String>> {
    Ok(read_files(directory).map_err(|error| {
        Refusal::bad_input(format!("{} cannot be read: {error}", directory.display()))
    })?)
}

fn of_directory(directory: &Path) -> Result<RuleSet> {
    match check_files(&files_of(directory)?) {
        (Some(rules), _) => Ok(rules),
        (None, said) => {
            let shown: String = said.iter().map(|said| said.shown.as_str()).collect();
            bail!(Refusal::bad_input(shown.trim_end().to_owned()))
        }
    }
}

async fn status(session: &Session, printer: Printer) -> Result<Exit> {
    let status = ask(session, RuleOperation::Status).await?;
    let is_broken = status["isBroken"].as_bool().unwrap_or_default();
    printer.result(&status, || {
        let Some(directory) = status["directory"].as_str() else {
            return "directory  none: the server was started without --rules\n".to_owned();
        };
        let state = if is_broken {
            "broken: the rules that were last good hold"
        } else {
            "what is in the directory holds"
        };
        let loaded = moment::shown(status["loadedMs"].as_u64().unwrap_or_default());
        let mut text = format!(
            "directory  {directory}\nstate      {state}\nread at    {loaded}\nholding    {} webhooks, {} rules, {} schedules\n",
            status["webhooks"], status["rules"], status["schedules"]
        );
        if let Some(reason) = status["unreadable"].as_str() {
            text.push_str(&format!("{}\n", safe(reason)));
        }
        for said in status["diagnostics"].as_array().into_iter().flatten() {
            let word = |member: &str| safe_line(said[member].as_str().unwrap_or_default());
            let start = &said["span"]["start"];
            text.push_str(&format!(
                "{}:{}:{}: {}[{}]: {}\n",
                word("file"),
                start["line"],
                start["column"],
                word("severity"),
                word("code"),
                word("message")
            ));
        }
        text
    })?;
    Ok(if is_broken { Exit::BadInput } else { Exit::Done })
}

fn listed(rules: &Value) -> String {
    let mut rows = Vec::new();
    for (kind, member) in [("webhook", "webhooks"), ("rule", "rules")] {
        for name in rules[member].as_array().into_iter().flatten() {
            let name = safe_line(name.as_str().unwrap_or_default());
            rows.push(vec![kind.to_owned(), name, String::new(), String::new(), String::new()]);
        }
    }
    for schedule in rules["schedules"].as_array().into_iter().flatten() {
        let text = |member: &str| safe_line(schedule[member].as_str().unwrap_or("-"));
        let next = if schedule["isEnabled"] == json!(false) {
            "disabled".to_owned()
        } else {
            text("next")
        };
        rows.push(vec!["schedule".to_owned(), text("name"), text("at"), next, text("last")]);
    }
    table(&["KIND", "NAME", "AT", "NEXT", "LAST"], &rows)
}

fn verdicts_text(verdicts: &Value) -> String {
    let all: Vec<&Value> = verdicts.as_array().into_iter().flatten().collect();
    if all.is_empty() {
        return "there are no rules: start the server with --rules, or name their directory by --rules\n"
            .to_owned();
    }
    let mut text = String::new();
    for verdict in all {
        let word = |member: &str| safe_line(verdict[member].as_str().unwrap_or_default());
        let pattern = verdict["pattern"].as_u64();
        let which = match (pattern, verdict["isPreventing"] == json!(true)) {
            (Some(number), _) => format!(" (pattern {})", number + 1),
            (None, true) => " (what prevents it)".to_owned(),
            (None, false) => String::new(),
        };
        let name = word("rule");
        let disabled = if verdict["isEnabled"] == json!(false) { ", but is disabled" } else { "" };
        if verdict["isMatch"] == json!(true) {
            text.push_str(&format!("{name}{which}: matches{disabled}\n"));
        } else {
            text.push_str(&format!(
                "{name}{which}: does not match\n  {}: wanted {}, found {}\n",
                word("field"),
                word("wanted"),
                word("found")
            ));
        }
    }
    text
}

fn backtest_text(test: &Value) -> String {
    let counts = test["matches"].as_object().into_iter().flatten();
    let rows: Vec<_> = counts
        .map(|(rule, count)| {
            let example = safe_line(test["examples"][rule]["id"].as_str().unwrap_or("-"));
            vec![safe_line(rule), count.to_string(), example]
        })
        .collect();
    format!("{} events\n{}", test["events"], table(&["RULE", "MATCHES", "LATEST EVENT"], &rows))
}

fn matches_text(matches: &Value) -> String {
    let row = |found: &Value| {
        let text = |member: &str| safe_line(found[member].as_str().unwrap_or_default());
        let outcome = if found["result"].is_null() { text("reason") } else { text("result") };
        vec![
            found["id"].to_string(),
            text("time"),
            text("rule"),
            text("status"),
            found["attempts"].to_string(),
            text("eventId"),
            outcome,
        ]
    };
    let rows: Vec<_> = matches.as_array().into_iter().flatten().map(row).collect();
    table(&["MATCH", "TIME", "RULE", "STATUS", "TRIED", "EVENT", "LED TO"], &rows)
}
