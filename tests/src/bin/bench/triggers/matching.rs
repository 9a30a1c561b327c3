//! How many events a second one core holds against 1,000 rules.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rules::{Event, Index, Pattern};
use serde_json::{Value, json};

use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::per_second;

const RULES: usize = 1_000;
const EVENTS: usize = 1_000;
/// Twice the best figure that is published for `EventBridge`'s own matcher in Java.
const BAR: f64 = 314_000.0;

pub(super) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for (mix, kinds, bar) in [
        ("equals", 1, Bar::AtLeast(BAR)),
        ("equals, prefix, suffix, wildcard", 4, Bar::AtLeast(BAR)),
        ("all operators", 8, Bar::None),
    ] {
        let mut index = Index::new();
        for id in 0..RULES {
            let pattern = json!({
                "source": [format!("aws.service{}", id % 20)],
                "detail-type": ["Instance State-change Notification"],
                "detail": detail(id, kinds),
            });
            index.insert(id, Pattern::parse(&pattern.to_string())?);
        }
        let events: Vec<Value> = (0..EVENTS).map(event).collect();
        let rate = rate(&index, &events, options)?;
        let bar = if options.quick { Bar::None } else { bar };
        report.add(format!("events against {RULES} rules, {mix}"), rate, Unit::PerSecond, bar);
    }
    Ok(())
}

/// Returns how many events a second are flattened and held against the rules, over all passes.
fn rate(index: &Index<usize>, events: &[Value], options: &Options) -> Result<f64> {
    let lasts = Duration::from_millis(if options.quick { 100 } else { 3_000 });
    let (begin, mut passes, mut matched) = (Instant::now(), 0, 0);
    while begin.elapsed() < lasts {
        for event in events {
            matched += index.matching(&Event::new(event)?).len();
        }
        passes += 1;
    }
    let rate = per_second(passes * events.len(), begin.elapsed());
    ensure!(matched > 0, "no event matches");
    Ok(rate)
}

fn detail(id: usize, kinds: usize) -> Value {
    let instance = format!("i-{id:05}aaaaaa");
    match id % kinds {
        0 => json!({"instance-id": [format!("{instance}00000")], "state": ["running", "stopped"]}),
        1 => json!({"instance-id": [{"prefix": instance}]}),
        2 => json!({"image": [{"suffix": format!("image-{id}")}]}),
        3 => json!({"instance-id": [{"wildcard": format!("{instance}*00")}]}),
        4 => {
            json!({"state": [{"equals-ignore-case": "RUNNING"}], "count": [{"numeric": ["=", id]}]})
        }
        5 => {
            json!({"count": [{"numeric": [">", id, "<=", id + 2]}], "owner": [format!("owner-{id}")]})
        }
        6 => {
            json!({"state": [{"anything-but": ["stopped"]}], "zone": [format!("zone-{}", id % 50)]})
        }
        _ => json!({"ip": [{"cidr": "10.0.0.0/24"}], "volumes": {"id": [format!("vol-{id}")]}}),
    }
}

fn event(number: usize) -> Value {
    json!({
        "version": "0", "id": format!("ddddd4-aaaa-7777-4444-345dd43cc{number:03}"),
        "detail-type": "Instance State-change Notification", "source": format!("aws.service{}", number % 20),
        "account": "012345679012", "time": "2026-10-02T16:24:49Z", "region": "us-east-1",
        "resources": [format!("arn:aws:ec2:us-east-1:123456789012:instance/i-{number:05}aaaaaa00")],
        "detail": {
            "c-count": 5, "d-count": 3, "x-limit": 301.8, "count": number, "ip": "10.0.0.33",
            "instance-id": format!("i-{number:05}aaaaaa00000"), "image": format!("my-image-{number}"),
            "state": "running", "owner": format!("owner-{number}"), "zone": format!("zone-{}", number % 50),
            "launch": {"user": "someone@example.com", "template": "lt-0123456789abcdef0", "spot": false, "price": null},
            "volumes": [
                {"id": format!("vol-{number}"), "size": 20, "kind": "gp3", "encrypted": true},
                {"id": "vol-other", "size": 100, "kind": "io2", "encrypted": false},
            ],
            "tags": {"team": "platform", "stage": "production", "cost-center": "4711", "name": "web server 12"},
            "message": "The instance has changed its state, as had been asked for by the scaling group of the web tier.",
        },
    })
}
