use jiff::Timestamp;
use runbook::schedule::{
    Dialect, MISSED_COUNT_MAX, Missed, SCHEDULE_BYTES_MAX, Schedule, Terms, Timetable,
};
use serde::Deserialize;

use crate::fixture::table;

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Written {
    #[default]
    Ours,
    Rule,
    Window,
    Association,
}

impl From<Written> for Dialect {
    fn from(written: Written) -> Self {
        match written {
            Written::Ours => Self::Ours,
            Written::Rule => Self::EventBridgeRule,
            Written::Window => Self::MaintenanceWindow,
            Written::Association => Self::Association,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParseCase {
    text: String,
    #[serde(default)]
    dialect: Written,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    text: String,
    zone: Option<String>,
    #[serde(default)]
    offset: u8,
    created: Option<Timestamp>,
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    after: Option<Timestamp>,
    #[serde(default)]
    comes: Vec<Timestamp>,
    #[serde(default)]
    ends_there: bool,
    error: Option<String>,
}

impl Case {
    fn terms(&self) -> Terms<'_> {
        Terms {
            zone: self.zone.as_deref(),
            offset_days: self.offset,
            created_ms: self.created.map_or(0, Timestamp::as_millisecond),
            starts_ms: self.starts.map(Timestamp::as_millisecond),
            ends_ms: self.ends.map(Timestamp::as_millisecond),
        }
    }
}

fn bound(text: &str, terms: &Terms<'_>) -> Timetable {
    Schedule::parse(text, Dialect::Ours).unwrap().bind(terms).unwrap()
}

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

#[test]
fn every_text_of_the_table_is_read_or_refused() {
    let cases: Vec<ParseCase> = table(include_str!("../data/schedule/parse.yaml"));
    for case in cases {
        match (Schedule::parse(&case.text, case.dialect.into()), &case.error) {
            (Ok(schedule), None) => assert_eq!(schedule.source(), case.text),
            (Err(error), Some(message)) => {
                assert!(error.to_string().contains(message.as_str()), "{case:?}: {error}");
                let aws = error.event_bridge_message();
                assert_eq!(aws, "Parameter ScheduleExpression is not valid.");
            }
            (outcome, _) => panic!("{case:?} gave {outcome:?}"),
        }
    }
}

#[test]
fn a_schedule_has_a_longest_text() {
    let longest = format!("cron({}0 12 * * ? *)", " ".repeat(SCHEDULE_BYTES_MAX - 18));
    assert_eq!(longest.len(), SCHEDULE_BYTES_MAX);
    assert!(Schedule::parse(&longest, Dialect::Ours).is_ok());
    let longer = longest.replacen('(', "( ", 1);
    let error = Schedule::parse(&longer, Dialect::Ours).unwrap_err();
    assert_eq!(error.to_string(), "a schedule has at most 256 bytes, this one has 257");
}

#[test]
fn every_time_of_the_table_comes() {
    let cases: Vec<Case> = table(include_str!("../data/schedule/times.yaml"));
    for case in cases {
        let timetable = bound(&case.text, &case.terms());
        let mut at_ms = case.after.unwrap().as_millisecond();
        for expected in &case.comes {
            let found =
                timetable.next_after(at_ms).map(|ms| Timestamp::from_millisecond(ms).unwrap());
            assert_eq!(found, Some(*expected), "{case:?}");
            at_ms = expected.as_millisecond();
        }
        if case.ends_there {
            assert_eq!(timetable.next_after(at_ms), None, "{case:?}");
        }
    }
}

#[test]
fn every_terms_of_the_table_are_refused() {
    let cases: Vec<Case> = table(include_str!("../data/schedule/bind.yaml"));
    for case in cases {
        let schedule = Schedule::parse(&case.text, Dialect::Ours).unwrap();
        let error = schedule.bind(&case.terms()).unwrap_err().to_string();
        assert!(error.contains(case.error.as_deref().unwrap()), "{case:?}: {error}");
    }
}

#[test]
fn forms_tell_what_they_are() {
    let facts = |text| {
        let schedule = Schedule::parse(text, Dialect::Ours).unwrap();
        assert_eq!(schedule.to_string(), text);
        (schedule.is_cron(), schedule.recurs())
    };
    assert_eq!(facts("cron(0 12 * * ? *)"), (true, true));
    assert_eq!(facts("rate(1 day)"), (false, true));
    assert_eq!(facts("at(2030-01-31T08:00:00)"), (false, false));
}

#[test]
fn a_downtime_is_caught_up_by_the_latest() {
    let hourly = bound("cron(0 * * * ? *)", &Terms::default());
    let missed = |until| hourly.missed(ms("2026-11-26T10:00:00Z"), ms(until));
    assert_eq!(missed("2026-11-26T10:59:59Z"), None);
    let due = |text, skipped| Some(Missed { due_ms: ms(text), skipped });
    assert_eq!(missed("2026-11-26T11:00:00Z"), due("2026-11-26T11:00:00Z", 0));
    assert_eq!(missed("2026-11-26T13:30:00Z"), due("2026-11-26T13:00:00Z", 2));
    assert_eq!(missed("2026-11-26T09:00:00Z"), None);

    let created_ms = ms("2026-11-26T10:01:07Z");
    let rate = bound("rate(5 minutes)", &Terms { created_ms, ..Terms::default() });
    let found = rate.missed(created_ms, ms("2026-11-26T10:30:00Z"));
    assert_eq!(found, due("2026-11-26T10:26:07Z", 4));

    let once = bound("at(2026-11-26T11:00:00)", &Terms::default());
    let found = once.missed(ms("2026-11-26T10:00:00Z"), ms("2027-11-26T10:00:00Z"));
    assert_eq!(found, due("2026-11-26T11:00:00Z", 0));
}

#[test]
fn a_long_downtime_is_counted_so_far_and_caught_up_by_the_latest() {
    for text in ["cron(* * * * * ? *)", "cron(* 0-8 1 ? * MON *)", "rate(1 minute)"] {
        let terms = Terms { zone: Some("Australia/Lord_Howe"), ..Terms::default() };
        let timetable = bound(text, &terms);
        let now_ms = ms("2026-11-26T10:00:00.500Z");
        let missed = timetable.missed(ms("1990-01-01T00:00:00Z"), now_ms).unwrap();
        assert_eq!(missed.skipped, MISSED_COUNT_MAX, "{text}");
        assert!(missed.due_ms <= now_ms, "{text}");
        assert!(timetable.next_after(missed.due_ms).unwrap() > now_ms, "{text}");
    }
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    for text in
        ["cron(0 12 * * ? *)", "cron(0 * * * ? *)", "rate(7 days)", "at(2199-12-31T23:59:59)"]
    {
        let terms = Terms { created_ms: i64::MIN, ..Terms::default() };
        let timetable = bound(text, &terms);
        for at_ms in [i64::MIN, i64::MIN + 1, -1, i64::MAX - 1, i64::MAX] {
            if let Some(next_ms) = timetable.next_after(at_ms) {
                assert!(next_ms > at_ms, "{text}");
            }
        }
        let missed = timetable.missed(i64::MIN, i64::MAX).unwrap();
        assert_eq!(timetable.next_after(missed.due_ms), None, "{text}");
    }
    for starts_ms in [i64::MIN, i64::MAX] {
        let terms = Terms { starts_ms: Some(starts_ms), ..Terms::default() };
        assert!(
            bound("cron(0 12 * * ? *)", &terms).next_after(0).is_none_or(|next_ms| next_ms > 0)
        );
    }
    let terms = Terms { created_ms: i64::MAX, offset_days: 1, ..Terms::default() };
    assert_eq!(bound("cron(0 12 * * ? *)", &terms).next_after(0), None);
}
