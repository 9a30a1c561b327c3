//! Measures how many events a second one core holds against 1,000 rules: `cargo run --release -p rules --example throughput`.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

use std::time::{Duration, Instant};

use rules::{Event, Index, Pattern};
use serde_json::{Value, json};

const RULES: usize = 1000;
const EVENTS: usize = 1000;
const LASTS: Duration = Duration::from_secs(2);

fn main() {
    for (mix, kinds) in [("exact", 1), ("exact, prefix, suffix, wildcard", 4), ("all operators", 8)]
    {
        let mut index = Index::new();
        for id in 0..RULES {
            let pattern = json!({
                "source": [format!("aws.service{}", id % 20)],
                "detail-type": ["Instance State-change Notification"],
                "detail": detail(id, kinds),
            });
            index.insert(id, Pattern::parse(&pattern.to_string()).unwrap());
        }
        let events: Vec<_> = (0..EVENTS).map(event).collect();
        let bytes: usize = events.iter().map(|event| event.to_string().len()).sum();
        let flat: Vec<_> = events.iter().map(|event| Event::new(event).unwrap()).collect();
        let near: usize = flat.iter().map(|event| index.candidates(event).len()).sum();
        let matched: usize = flat.iter().map(|event| index.matching(event).len()).sum();
        let matching = rate(|at| index.matching(&flat[at]).len());
        let whole = rate(|at| index.matching(&Event::new(&events[at]).unwrap()).len());
        println!(
            "{RULES} rules ({mix}), {} bytes an event, {:.1} candidates and {:.2} matches: \
             matched {matching}, flattened and matched {whole}",
            bytes / EVENTS,
            mean(near),
            mean(matched),
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn mean(sum: usize) -> f64 {
    sum as f64 / EVENTS as f64
}

/// The rate of all passes over the events, and of the fastest: the machine may have other work.
fn rate(mut one: impl FnMut(usize) -> usize) -> String {
    let start = Instant::now();
    let mut passes = 0;
    let mut fastest = LASTS;
    while start.elapsed() < LASTS {
        let pass = Instant::now();
        let matched: usize = (0..EVENTS).map(&mut one).sum();
        assert!(matched > 0);
        fastest = fastest.min(pass.elapsed());
        passes += 1;
    }
    let all = per_second(passes * EVENTS, start.elapsed());
    format!("{all}/s (at best {}/s)", per_second(EVENTS, fastest))
}

fn per_second(events: usize, time: Duration) -> u128 {
    events as u128 * 1_000_000 / time.as_micros()
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
