//! Durable steps through the whole engine.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use machine::event::Event;
use runbook::plan::Plan;
use runwright::engine::Engine;

use crate::engine::{plan, start, wait};
use crate::floor;
use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::{Sample, milliseconds, per_second};

const SEQUENCE_P50: &str = "durable step in sequence, p50";
const RATE_200: &str = "durable steps, 200 runs of 10 in flight";
const STEPS_OF_A_RUN: usize = 10;

/// A runbook of `count` plainest steps, one after the other.
async fn plain(engine: &Engine, count: usize) -> Result<Plan> {
    let mut text = "schemaVersion: \"0.4\"\nmainSteps:\n".to_owned();
    for number in 0..count {
        writeln!(
            text,
            "- {{name: S{number}, action: assertProperty, inputs: {{Value: 1, DesiredValues: [1]}}}}"
        )?;
    }
    plan(engine, text).await
}

pub(crate) async fn sequence(
    engine: &Engine,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let plan = plain(engine, 500).await?;
    let mut sample = Vec::new();
    for _ in 0..options.times(6, 1) {
        sample.extend(commits(engine, &plan).await?);
    }
    let sample: Sample = sample.into_iter().collect();
    let p50 = sample.percentile_ms(50);
    report.add(SEQUENCE_P50, p50, Unit::Milliseconds, Bar::AtMost(0.45));
    report.compare("  against the floor", SEQUENCE_P50, floor::SEQUENTIAL_P50, Bar::AtMost(1.5));
    let p99 = sample.percentile_ms(99);
    report.add("durable step in sequence, p99", p99, Unit::Milliseconds, Bar::None);
    Ok(())
}

/// Runs the plan and returns the times between the commits that end one step and begin the next.
async fn commits(engine: &Engine, plan: &Plan) -> Result<Vec<Duration>> {
    let run = start(engine, plan).await?;
    let mut progress = engine.driver().await?.subscribe(&run);
    let mut times = Vec::with_capacity(plan.steps.len());
    let mut before = None;
    while let Some(news) = progress.recv().await {
        let now = Instant::now();
        let stepped =
            news.entries.iter().any(|entry| matches!(entry.event, Event::StepSucceeded { .. }));
        if let (true, Some(before)) = (stepped, before) {
            times.push(now.duration_since(before));
        }
        before = Some(now);
        if news.entries.iter().any(|entry| matches!(entry.event, Event::RunFinished { .. })) {
            break;
        }
    }
    wait(engine, &run).await?;
    Ok(times)
}

pub(crate) async fn in_flight(
    engine: &Engine,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let plan = plain(engine, STEPS_OF_A_RUN).await?;
    let cases = [(1, options.times(100, 3)), (50, options.times(1_000, 50))];
    for (runs, total) in cases {
        let rate = rate(engine, &plan, runs, total).await?;
        let what = format!(
            "durable steps, {runs} run{} of 10 in flight",
            if runs == 1 { "" } else { "s" }
        );
        report.add(what, rate, Unit::PerSecond, Bar::None);
    }
    let rate = rate(engine, &plan, 200, options.times(4_000, 200)).await?;
    report.add(RATE_200, rate, Unit::PerSecond, Bar::AtLeast(10_000.0));
    report.compare("  against the floor", RATE_200, floor::RATE_200, Bar::AtLeast(0.6));
    Ok(())
}

/// Does `total` runs, always `runs` of them at a time, their starts and ends included; returns steps in a second.
async fn rate(engine: &Engine, plan: &Plan, runs: usize, total: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..runs {
        let (engine, plan) = (engine.clone(), plan.clone());
        tasks.spawn(async move {
            for _ in 0..total.div_ceil(runs) {
                let run = start(&engine, &plan).await?;
                wait(&engine, &run).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(per_second(total.div_ceil(runs) * runs * STEPS_OF_A_RUN, begun.elapsed()))
}

pub(crate) async fn for_each(
    engine: &Engine,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let items = options.times(10_000, 200);
    let list: Vec<String> = (0..items).map(|item| item.to_string()).collect();
    let text = format!(
        "schemaVersion: \"0.4\"\nmainSteps:\n- name: Each\n  action: assertProperty\n  \
         forEach: [{}]\n  maxConcurrency: 50\n  \
         inputs: {{ Value: \"${{{{ item.value }}}}\", DesiredValues: [\"${{{{ item.value }}}}\"] }}\n",
        list.join(",")
    );
    let plan = plan(engine, text).await?;
    let begun = Instant::now();
    let run = start(engine, &plan).await?;
    wait(engine, &run).await?;
    let what = format!("one forEach of {items} items, 50 at a time");
    let bar = if options.quick { Bar::None } else { Bar::AtMost(2_000.0) };
    report.add(what, milliseconds(begun.elapsed()), Unit::Milliseconds, bar);
    Ok(())
}

/// Steps that read from the store and steps that change it.
pub(crate) async fn effects(engine: &Engine, options: &Options, report: &mut Report) -> Result<()> {
    let mut text = "schemaVersion: \"0.4\"\nmainSteps:\n".to_owned();
    for number in 0..options.times(200, 20) {
        writeln!(
            text,
            "- {{name: W{number}, action: putParameter, inputs: {{Name: /b/p, Type: String, Value: a{number}, Overwrite: true}}}}\n\
             - {{name: R{number}, action: getParameter, inputs: {{Name: /b/p}}}}"
        )?;
    }
    let plan = plan(engine, text).await?;
    let run = start(engine, &plan).await?;
    let mut progress = engine.driver().await?.subscribe(&run);
    let (mut reads, mut writes) = (Sample::default(), Sample::default());
    let mut before = None;
    while let Some(news) = progress.recv().await {
        let now = Instant::now();
        for entry in news.entries.iter() {
            if let (Event::StepSucceeded { path, .. }, Some(before)) = (&entry.event, before) {
                let sample = if path.step.starts_with('R') { &mut reads } else { &mut writes };
                sample.add(now.duration_since(before));
            }
        }
        before = Some(now);
        if news.entries.iter().any(|entry| matches!(entry.event, Event::RunFinished { .. })) {
            break;
        }
    }
    wait(engine, &run).await.context("the run of reads and writes")?;
    let (read, write) = (reads.percentile_ms(50), writes.percentile_ms(50));
    report.add(
        "durable step with one read (getParameter), p50",
        read,
        Unit::Milliseconds,
        Bar::None,
    );
    report.add(
        "durable step with one store effect (putParameter), p50",
        write,
        Unit::Milliseconds,
        Bar::None,
    );
    report.add(
        "  one read and one store effect together",
        read + write,
        Unit::Milliseconds,
        Bar::None,
    );
    Ok(())
}
