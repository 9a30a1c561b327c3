use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use proptest::prelude::*;
use proptest::sample::select;
use runbook::schedule::{Dialect, Schedule, Terms, Timetable};

const ZONES: [&str; 5] =
    ["UTC", "America/New_York", "Europe/Stockholm", "Australia/Lord_Howe", "Pacific/Apia"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field as text, and what it selects, told apart from the crate under test.
#[derive(Debug, Clone)]
struct Field {
    text: String,
    values: Vec<i16>,
}

/// The days of an expression.
#[derive(Debug, Clone)]
enum Days {
    OfMonth(Field),
    OfWeek(Field),
    Last,
    LastWorkday,
    NearestWorkday(i8),
    LastOfWeek(i8),
    NthOfWeek(i8, i8),
}

#[derive(Debug, Clone)]
struct Expression {
    seconds: Option<Field>,
    minutes: Field,
    hours: Field,
    days: Days,
    months: Field,
    years: Field,
}

fn field(min: i16, max: i16) -> impl Strategy<Value = Field> {
    let range = (min..=max, min..=max).prop_map(|(one, other)| (one.min(other), one.max(other)));
    prop_oneof![
        Just(Field { text: "*".to_owned(), values: (min..=max).collect() }),
        (min..=max).prop_map(|value| Field { text: value.to_string(), values: vec![value] }),
        range.clone().prop_map(|(first, last)| Field {
            text: format!("{first}-{last}"),
            values: (first..=last).collect(),
        }),
        (min..=max, 1..=max.min(59)).prop_map(move |(first, step)| Field {
            text: format!("{first}/{step}"),
            values: (first..=max).step_by(usize::try_from(step).unwrap()).collect(),
        }),
        (1..=max.min(59)).prop_map(move |step| Field {
            text: format!("*/{step}"),
            values: (min..=max).step_by(usize::try_from(step).unwrap()).collect(),
        }),
        (range, min..=max).prop_map(|((first, last), other)| Field {
            text: format!("{other},{first}-{last}"),
            values: (first..=last).chain([other]).collect(),
        }),
    ]
}

fn days() -> impl Strategy<Value = Days> {
    prop_oneof![
        4 => field(1, 31).prop_map(Days::OfMonth),
        4 => field(1, 7).prop_map(Days::OfWeek),
        1 => Just(Days::Last),
        1 => Just(Days::LastWorkday),
        1 => (1_i8..=31).prop_map(Days::NearestWorkday),
        1 => (1_i8..=7).prop_map(Days::LastOfWeek),
        1 => (1_i8..=7, 1_i8..=5).prop_map(|(weekday, nth)| Days::NthOfWeek(weekday, nth)),
    ]
}

fn years() -> impl Strategy<Value = Field> {
    prop_oneof![
        3 => Just(Field { text: "*".to_owned(), values: (1970..=2199).collect() }),
        1 => (2020_i16..2040, 0_i16..9).prop_map(|(first, more)| Field {
            text: format!("{first}-{}", first + more),
            values: (first..=first + more).collect(),
        }),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    let seconds = proptest::option::of(field(0, 59));
    (seconds, field(0, 59), field(0, 23), days(), field(1, 12), years()).prop_map(
        |(seconds, minutes, hours, days, months, years)| Expression {
            seconds,
            minutes,
            hours,
            days,
            months,
            years,
        },
    )
}

impl Expression {
    fn fields(&self) -> String {
        let weekday = |number: i8| WEEKDAYS[usize::try_from(number - 1).unwrap()];
        let (of_month, of_week) = match &self.days {
            Days::OfMonth(field) => (field.text.clone(), "?".to_owned()),
            Days::OfWeek(field) => ("?".to_owned(), field.text.clone()),
            Days::Last => ("L".to_owned(), "?".to_owned()),
            Days::LastWorkday => ("LW".to_owned(), "*".to_owned()),
            Days::NearestWorkday(day) => (format!("{day}W"), "?".to_owned()),
            Days::LastOfWeek(number) => ("?".to_owned(), format!("{number}L")),
            Days::NthOfWeek(number, nth) => ("?".to_owned(), format!("{}#{nth}", weekday(*number))),
        };
        let of_week = if of_month == "LW" { "?".to_owned() } else { of_week };
        let (minutes, hours) = (&self.minutes.text, &self.hours.text);
        let (months, years) = (&self.months.text, &self.years.text);
        format!("{minutes} {hours} {of_month} {months} {of_week} {years}")
    }

    fn text(&self) -> String {
        match &self.seconds {
            Some(seconds) => format!("cron({} {})", seconds.text, self.fields()),
            None => format!("cron({})", self.fields()),
        }
    }

    /// Says whether a wall clock that shows `time` is one of this expression, from the definitions alone.
    fn matches(&self, time: DateTime) -> bool {
        let seconds = self.seconds.as_ref().map_or_else(|| vec![0], |field| field.values.clone());
        seconds.contains(&i16::from(time.second()))
            && self.minutes.values.contains(&i16::from(time.minute()))
            && self.hours.values.contains(&i16::from(time.hour()))
            && self.months.values.contains(&i16::from(time.month()))
            && self.years.values.contains(&time.year())
            && self.matches_day(time)
    }

    fn matches_day(&self, time: DateTime) -> bool {
        let (day, length) = (time.day(), time.days_in_month());
        let weekday = time.weekday().to_sunday_one_offset();
        let is_workday = |day: i8| {
            let weekday = time.with().day(day).build().unwrap().weekday();
            !matches!(weekday, Weekday::Saturday | Weekday::Sunday)
        };
        match &self.days {
            Days::OfMonth(field) => field.values.contains(&i16::from(day)),
            Days::OfWeek(field) => field.values.contains(&i16::from(weekday)),
            Days::Last => day == length,
            Days::LastWorkday => (1..=length).rev().find(|day| is_workday(*day)) == Some(day),
            Days::NearestWorkday(wanted) => {
                *wanted <= length
                    && (1..=length)
                        .filter(|day| is_workday(*day))
                        .min_by_key(|day| ((day - wanted).abs(), *day))
                        == Some(day)
            }
            Days::LastOfWeek(number) => weekday == *number && day + 7 > length,
            Days::NthOfWeek(number, nth) => weekday == *number && (day - 1) / 7 + 1 == *nth,
        }
    }

    fn every_hour(&self) -> bool {
        (0..24).all(|hour| self.hours.values.contains(&hour))
    }
}

fn bound(text: &str, zone: &str) -> Timetable {
    let terms = Terms { zone: Some(zone), ..Terms::default() };
    Schedule::parse(text, Dialect::Ours).unwrap().bind(&terms).unwrap()
}

fn zoned(at_ms: i64, zone: &str) -> Zoned {
    let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
    Timestamp::from_millisecond(at_ms).unwrap().to_zoned(zone)
}

/// Says whether the clocks have shown this time once before.
fn is_repeated(time: &Zoned) -> bool {
    let first = time.time_zone().to_ambiguous_zoned(time.datetime()).earlier().unwrap();
    first.timestamp() < time.timestamp()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_next_time_is_later_and_matches(
        expression in expression(),
        zone in select(&ZONES[..]),
        after_ms in 0..2_500_000_000_000_i64,
    ) {
        let timetable = bound(&expression.text(), zone);
        let mut at_ms = after_ms;
        for _ in 0..20 {
            let Some(next_ms) = timetable.next_after(at_ms) else { break };
            prop_assert!(next_ms > at_ms);
            let shown = zoned(next_ms, zone);
            prop_assert!(expression.matches(shown.datetime()), "{shown}");
            prop_assert!(expression.every_hour() || !is_repeated(&shown), "{shown}");
            // Nothing is due in between, wherever one begins to look.
            let between_ms = at_ms + (next_ms - at_ms) / 2;
            prop_assert_eq!(timetable.next_after(between_ms), Some(next_ms));
            prop_assert_eq!(timetable.next_after(next_ms - 1), Some(next_ms));
            at_ms = next_ms;
        }
    }

    #[test]
    fn no_minute_is_left_out_where_clocks_change(
        minutes in field(0, 59),
        hours in field(0, 23),
        change in select(vec![
            ("America/New_York", "2026-03-08T00:00:00-05:00"),
            ("America/New_York", "2026-11-01T00:00:00-04:00"),
            ("Europe/Stockholm", "2026-03-29T00:00:00+01:00"),
            ("Europe/Stockholm", "2026-10-25T00:00:00+02:00"),
            ("Australia/Lord_Howe", "2026-04-05T00:00:00+11:00"),
            ("Australia/Lord_Howe", "2026-10-04T00:00:00+10:30"),
        ]),
        skipped_minutes in 0..300_i64,
    ) {
        let (zone, day) = change;
        let every = Field { text: "*".to_owned(), values: (1..=31).collect() };
        let expression = Expression {
            seconds: None,
            minutes,
            hours,
            days: Days::OfMonth(every.clone()),
            months: every.clone(),
            years: Field { text: "*".to_owned(), values: vec![2026] },
        };
        let timetable = bound(&expression.text(), zone);
        let first_ms = day.parse::<Timestamp>().unwrap().as_millisecond() + skipped_minutes * 60_000;
        let last_ms = first_ms + 8 * 60 * 60_000;
        let expected: Vec<i64> = (first_ms..=last_ms)
            .step_by(60_000)
            .filter(|at_ms| {
                let shown = zoned(*at_ms, zone);
                expression.matches(shown.datetime())
                    && (expression.every_hour() || !is_repeated(&shown))
            })
            .collect();
        let mut found = Vec::new();
        let mut at_ms = first_ms - 1;
        while let Some(next_ms) = timetable.next_after(at_ms).filter(|at_ms| *at_ms <= last_ms) {
            found.push(next_ms);
            at_ms = next_ms;
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn times_in_utc_are_those_of_croner(
        expression in expression(),
        after_s in 0..2_500_000_000_i64,
    ) {
        let seconds = expression.seconds.as_ref().map_or("0", |field| field.text.as_str());
        let cron = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Required)
            .alternative_weekdays(true)
            .sloppy_ranges(true)
            .dom_and_dow(true)
            .build()
            .parse(&format!("{seconds} {}", expression.fields()))
            .unwrap();
        let after = Timestamp::from_second(after_s).unwrap().to_zoned(TimeZone::UTC);
        let expected = cron
            .find_next_occurrence(&after, false)
            .ok()
            .filter(|found| (1970..=2199).contains(&found.year()))
            .map(|found| found.timestamp().as_millisecond());
        let found = bound(&expression.text(), "UTC").next_after(after_s * 1_000);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        for dialect in [Dialect::EventBridgeRule, Dialect::Ours, Dialect::Association] {
            if let Ok(schedule) = Schedule::parse(&text, dialect) {
                prop_assert_eq!(schedule.source(), text.as_str());
            }
        }
    }

    #[test]
    fn any_fields_are_read_or_refused(
        fields in proptest::collection::vec("[0-9*?/,#LWSUNMOJA-]{1,5}|[*?]|[0-9]{1,4}", 5..9),
        after_ms in any::<i64>(),
    ) {
        let text = format!("cron({})", fields.join(" "));
        if let Ok(schedule) = Schedule::parse(&text, Dialect::Ours) {
            let timetable = schedule.bind(&Terms::default()).unwrap();
            prop_assert!(timetable.next_after(after_ms).is_none_or(|next_ms| next_ms > after_ms));
        }
    }

    #[test]
    fn a_rate_never_drifts(
        number in 2..100_000_i64,
        created_ms in 0..2_000_000_000_000_i64,
        after_ms in 0..4_000_000_000_000_i64,
    ) {
        let text = format!("rate({number} minutes)");
        let terms = Terms { created_ms, ..Terms::default() };
        let timetable = Schedule::parse(&text, Dialect::Ours).unwrap().bind(&terms).unwrap();
        let next_ms = timetable.next_after(after_ms).unwrap();
        let every_ms = number * 60_000;
        prop_assert_eq!((next_ms - created_ms) % every_ms, 0);
        prop_assert!(next_ms > after_ms && next_ms > created_ms);
        prop_assert!(next_ms - every_ms <= after_ms.max(created_ms));
    }

    #[test]
    fn what_is_missed_is_what_would_have_come(
        expression in expression(),
        zone in select(&ZONES[..]),
        last_ms in 1_700_000_000_000..1_900_000_000_000_i64,
        down_ms in 0..4_000_000_i64,
    ) {
        let timetable = bound(&expression.text(), zone);
        let now_ms = last_ms + down_ms;
        let mut due = Vec::new();
        while let Some(next_ms) = timetable.next_after(due.last().copied().unwrap_or(last_ms)) {
            if next_ms > now_ms {
                break;
            }
            due.push(next_ms);
        }
        let missed = timetable.missed(last_ms, now_ms);
        prop_assert_eq!(missed.map(|missed| missed.due_ms), due.last().copied());
        let skipped = missed.map_or(0, |missed| missed.skipped + 1);
        prop_assert_eq!(usize::try_from(skipped).unwrap(), due.len());
    }
}
