//! The table: what was measured, and how it stands to its bar.

use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unit {
    Milliseconds,
    PerSecond,
    Mebibytes,
    /// Times the floor's figure of the same run.
    Floors,
}

/// A bar of the design. For a rate the figure must reach it, for anything else it must not exceed it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    None,
    AtMost(f64),
    AtLeast(f64),
}

#[derive(Debug)]
struct Row {
    what: String,
    measured: f64,
    unit: Unit,
    bar: Bar,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn add(&mut self, what: impl Into<String>, measured: f64, unit: Unit, bar: Bar) {
        self.rows.push(Row { what: what.into(), measured, unit, bar });
    }

    /// Returns a figure that was measured before.
    pub(crate) fn measured(&self, what: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.what == what).map(|row| row.measured)
    }

    /// Adds the ratio of two measured figures, if both were measured.
    pub(crate) fn compare(&mut self, what: &str, figure: &str, floor: &str, bar: Bar) {
        if let (Some(figure), Some(floor)) = (self.measured(figure), self.measured(floor)) {
            self.add(what, figure / floor, Unit::Floors, bar);
        }
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let (bar, met) = match row.bar {
                Bar::None => (None, None),
                Bar::AtMost(bar) => (Some(bar), Some(row.measured <= bar)),
                Bar::AtLeast(bar) => (Some(bar), Some(row.measured >= bar)),
            };
            let (unit, decimals) = unit(row.unit);
            let measured = format!("{:.decimals$}", row.measured).parse::<f64>().ok();
            json!({ "what": row.what, "measured": measured, "unit": unit, "bar": bar, "met": met })
        });
        Value::from(rows.collect::<Vec<_>>())
    }

    fn text(&self) -> String {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        let mut text = format!("{:width$}  {:>14}  {:>14}  \n", "WHAT", "MEASURED", "BAR");
        for row in &self.rows {
            let (bar, verdict) = match row.bar {
                Bar::None => (String::new(), String::new()),
                Bar::AtMost(bar) => (figure(bar, row.unit), verdict(bar / row.measured)),
                Bar::AtLeast(bar) => (figure(bar, row.unit), verdict(row.measured / bar)),
            };
            let measured = figure(row.measured, row.unit);
            text.push_str(&format!("{:width$}  {measured:>14}  {bar:>14}  {verdict}\n", row.what));
        }
        text
    }
}

/// Says how a figure stands to its bar; `margin` above 1 is better than the bar.
fn verdict(margin: f64) -> String {
    if margin >= 1.0 {
        format!("met, {margin:.2} times better")
    } else {
        format!("missed by a factor of {:.2}", 1.0 / margin)
    }
}

fn figure(value: f64, of: Unit) -> String {
    let (unit, decimals) = unit(of);
    format!("{value:.decimals$} {unit}")
}

fn unit(unit: Unit) -> (&'static str, usize) {
    match unit {
        Unit::Milliseconds => ("ms", 3),
        Unit::PerSecond => ("/s", 0),
        Unit::Mebibytes => ("MiB", 1),
        Unit::Floors => ("x floor", 2),
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn print(report: &Report, json: bool) {
    if json {
        println!("{:#}", report.json());
    } else {
        print!("{}", report.text());
    }
}

/// Tells the person at the terminal.
#[expect(clippy::print_stderr, reason = "this is a program for a person at a terminal")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
