use serde_json::{Value, json};

use crate::fixture::{Fixture, SHELL};

fn calendar(kind: &str, rest: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nPRODID:-//x//EN\r\nVERSION:2.0\r\nX-CALENDAR-TYPE:{kind}\r\n{}\r\nEND:VCALENDAR\r\n",
        rest.trim().replace('\n', "\r\n")
    )
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:e@x\nSUMMARY:Event\n{}\nEND:VEVENT", lines.trim())
}

impl Fixture {
    async fn put_calendar(&self, name: &str, text: &str) -> Result<Value, services::ServiceError> {
        let input = json!({ "Name": name, "Content": text, "DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT" });
        self.call("CreateDocument", input).await
    }

    /// Returns the state at a time and when it changes next, or an empty text.
    async fn state(&self, names: &[&str], at: &str) -> (String, String) {
        let input = json!({ "CalendarNames": names, "AtTime": at });
        let answer = self.call("GetCalendarState", input).await.unwrap();
        let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        (text("State"), text("NextTransitionTime"))
    }
}

async fn with(kind: &str, rest: &str) -> Fixture {
    let fixture = Fixture::new();
    fixture.put_calendar("Calendar", &calendar(kind, rest)).await.unwrap();
    fixture
}

async fn check(kind: &str, rest: &str, cases: &[(&str, &str, &str)]) {
    let fixture = with(kind, rest).await;
    for (at, state, next) in cases {
        let expected = ((*state).to_owned(), (*next).to_owned());
        assert_eq!(fixture.state(&["Calendar"], at).await, expected, "{kind} {at}\n{rest}");
    }
}

const TODO: &str =
    "BEGIN:VTODO\nDTSTAMP:20200320T004207Z\nUID:a\nSUMMARY:Add events to this calendar.\nEND:VTODO";

#[tokio::test]
async fn events_invert_the_state_while_they_last() {
    let once = event("DTSTART:20260310T100000Z\nDTEND:20260310T120000Z");
    let cases = |on: &'static str, off: &'static str| {
        [
            ("2026-03-10T09:59:59Z", off, "2026-03-10T10:00:00Z"),
            ("2026-03-10T10:00:00Z", on, "2026-03-10T12:00:00Z"),
            ("2026-03-10T12:59:59+01:00", on, "2026-03-10T12:00:00Z"),
            ("2026-03-10T12:00:00Z", off, ""),
        ]
    };
    check("DEFAULT_OPEN", &once, &cases("CLOSED", "OPEN")).await;
    check("DEFAULT_CLOSED", &once, &cases("OPEN", "CLOSED")).await;
    check("DEFAULT_OPEN", TODO, &[("2026-03-10", "OPEN", "")]).await;
    check("DEFAULT_CLOSED", TODO, &[("2026-03-10", "CLOSED", "")]).await;
}

#[tokio::test]
async fn events_that_touch_are_one() {
    let events = [
        event("DTSTART:20260310T100000Z\nDTEND:20260310T120000Z"),
        event("DTSTART:20260310T120000Z\nDURATION:PT1H"),
        event("DTSTART:20260310T110000Z\nDURATION:PT30M"),
        event("DTSTART:20260310T140000Z"),
    ];
    check(
        "DEFAULT_OPEN",
        &events.join("\n"),
        &[
            ("2026-03-10T10:30:00Z", "CLOSED", "2026-03-10T13:00:00Z"),
            ("2026-03-10T14:00:00Z", "OPEN", ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn advisory_and_cancelled_events_have_no_effect() {
    let lines = "DTSTART:20260310T100000Z\nDTEND:20260310T120000Z\n";
    for advisory in ["CATEGORIES:Work,Advisory", "X-EVENT-TYPE:ADVISORY", "STATUS:CANCELLED"] {
        let events = event(&format!("{lines}{advisory}"));
        check("DEFAULT_OPEN", &events, &[("2026-03-10T10:30:00Z", "OPEN", "")]).await;
    }
}

/// Each local time keeps its place on the clock when the clock is changed.
#[tokio::test]
async fn recurrences_follow_the_clock_of_their_zone() {
    let daily = |zone: &str, day: &str| {
        event(&format!(
            "DTSTART;TZID={zone}:{day}T090000\nDTEND;TZID={zone}:{day}T100000\nRRULE:FREQ=DAILY;COUNT=10"
        ))
    };
    check(
        "DEFAULT_OPEN",
        &daily("Europe/Berlin", "20260325"),
        &[
            ("2026-03-28T08:30:00Z", "CLOSED", "2026-03-28T09:00:00Z"),
            ("2026-03-28T10:00:00Z", "OPEN", "2026-03-29T07:00:00Z"),
            ("2026-03-29T07:30:00Z", "CLOSED", "2026-03-29T08:00:00Z"),
            ("2026-04-03T08:00:00Z", "OPEN", ""),
        ],
    )
    .await;
    check(
        "DEFAULT_OPEN",
        &daily("America/New_York", "20260306"),
        &[
            ("2026-03-07T14:30:00Z", "CLOSED", "2026-03-07T15:00:00Z"),
            ("2026-03-07T15:00:00Z", "OPEN", "2026-03-08T13:00:00Z"),
        ],
    )
    .await;
    check(
        "DEFAULT_OPEN",
        &daily("Australia/Lord_Howe", "20260402"),
        &[
            ("2026-04-03T22:00:00Z", "CLOSED", "2026-04-03T23:00:00Z"),
            ("2026-04-03T23:00:00Z", "OPEN", "2026-04-04T22:30:00Z"),
        ],
    )
    .await;
}

#[tokio::test]
async fn times_that_are_skipped_or_come_twice_have_one_meaning() {
    // 02:30 does not exist on 29 March in Berlin, and comes twice on 25 October.
    let nightly = |day: &str| {
        event(&format!(
            "DTSTART;TZID=Europe/Berlin:{day}T023000\nDURATION:PT15M\nRRULE:FREQ=DAILY;COUNT=3"
        ))
    };
    check(
        "DEFAULT_OPEN",
        &nightly("20260328"),
        &[
            ("2026-03-28T02:00:00Z", "OPEN", "2026-03-29T01:30:00Z"),
            ("2026-03-29T01:30:00Z", "CLOSED", "2026-03-29T01:45:00Z"),
            ("2026-03-29T02:00:00Z", "OPEN", "2026-03-30T00:30:00Z"),
        ],
    )
    .await;
    check(
        "DEFAULT_OPEN",
        &nightly("20261024"),
        &[
            ("2026-10-24T02:00:00Z", "OPEN", "2026-10-25T00:30:00Z"),
            ("2026-10-25T00:50:00Z", "OPEN", "2026-10-26T01:30:00Z"),
        ],
    )
    .await;
}

#[tokio::test]
async fn rules_end_as_they_say() {
    let rule = |rule: &str| {
        event(&format!("DTSTART;TZID=Europe/Paris:20260105T090000\nDURATION:PT1H\nRRULE:{rule}"))
    };
    for (text, last, after) in [
        (
            "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260114T080000Z",
            "2026-01-12T12:00:00Z",
            "2026-01-14T08:00:00Z",
        ),
        ("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260114", "2026-01-12T12:00:00Z", "2026-01-14T08:00:00Z"),
        (
            "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260114T075959Z",
            "2026-01-07T12:00:00Z",
            "2026-01-12T08:00:00Z",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=5;COUNT=3", "2026-02-10T00:00:00Z", "2026-03-05T08:00:00Z"),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=2", "2026-01-06T00:00:00Z", "2026-02-02T08:00:00Z"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=4", "2026-01-12T00:00:00Z", "2026-01-14T08:00:00Z"),
    ] {
        let fixture = with("DEFAULT_OPEN", &rule(text)).await;
        assert_eq!(
            fixture.state(&["Calendar"], last).await,
            ("OPEN".to_owned(), after.to_owned()),
            "{text}"
        );
        let end = after.replace("T08:", "T09:");
        assert_eq!(fixture.state(&["Calendar"], &end).await.1, "", "{text}");
    }
    let forever = rule("FREQ=MONTHLY;BYMONTHDAY=5");
    check("DEFAULT_OPEN", &forever, &[("2031-07-06T00:00:00Z", "OPEN", "2031-08-05T07:00:00Z")])
        .await;
    let yearly = rule("FREQ=YEARLY");
    check("DEFAULT_OPEN", &yearly, &[("2031-07-06T00:00:00Z", "OPEN", "2032-01-05T08:00:00Z")])
        .await;
}

#[tokio::test]
async fn days_last_from_midnight_to_midnight_of_the_calendar() {
    let day = event("DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260331");
    check(
        "DEFAULT_OPEN",
        &day,
        &[
            ("2026-03-28T23:59:59Z", "OPEN", "2026-03-29T00:00:00Z"),
            ("2026-03-29T00:00:00Z", "CLOSED", "2026-03-31T00:00:00Z"),
        ],
    )
    .await;
    let berlin = format!(
        "X-WR-TIMEZONE:Europe/Berlin\n{}",
        event("DTSTART;VALUE=DATE:20260329\nRRULE:FREQ=WEEKLY;COUNT=2")
    );
    check(
        "DEFAULT_OPEN",
        &berlin,
        &[
            ("2026-03-28T22:00:00Z", "OPEN", "2026-03-28T23:00:00Z"),
            // The day has 23 hours.
            ("2026-03-28T23:00:00Z", "CLOSED", "2026-03-29T22:00:00Z"),
            ("2026-03-29T22:00:00Z", "OPEN", "2026-04-04T22:00:00Z"),
        ],
    )
    .await;
}

const OUTLOOK: &str = "BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE";

#[tokio::test]
async fn a_calendar_may_describe_its_zones() {
    let daily = event(
        "DTSTART;TZID=\"W. Europe Standard Time\":20260327T023000\nDURATION:PT15M\nRRULE:FREQ=DAILY",
    );
    check(
        "DEFAULT_OPEN",
        &format!("{OUTLOOK}\n{daily}"),
        &[
            ("2026-03-27T12:00:00Z", "OPEN", "2026-03-28T01:30:00Z"),
            ("2026-03-28T02:00:00Z", "OPEN", "2026-03-29T01:30:00Z"),
            ("2026-03-29T02:00:00Z", "OPEN", "2026-03-30T00:30:00Z"),
            ("2026-10-24T12:00:00Z", "OPEN", "2026-10-25T00:30:00Z"),
            ("2026-10-25T12:00:00Z", "OPEN", "2026-10-26T01:30:00Z"),
        ],
    )
    .await;
    let located = OUTLOOK.replace("TZID:W. Europe", "X-LIC-LOCATION:Asia/Tokyo\nTZID:W. Europe");
    let once = event("DTSTART;TZID=W. Europe Standard Time:20260327T090000\nDURATION:PT1H");
    check(
        "DEFAULT_OPEN",
        &format!("{located}\n{once}"),
        &[("2026-03-26T00:00:00Z", "OPEN", "2026-03-27T00:00:00Z")],
    )
    .await;
}

#[tokio::test]
async fn all_calendars_must_be_open() {
    let fixture = Fixture::new();
    let noon = event("DTSTART:20260310T110000Z\nDTEND:20260310T130000Z");
    let later = event("DTSTART:20260310T120000Z\nDTEND:20260310T150000Z");
    fixture.put_calendar("Freeze", &calendar("DEFAULT_OPEN", &noon)).await.unwrap();
    fixture.put_calendar("Window", &calendar("DEFAULT_CLOSED", &later)).await.unwrap();
    let both = ["Freeze", "arn:aws:ssm:us-east-1:000000000000:document/Window"];
    for (at, state, next) in [
        ("2026-03-10T10:00:00Z", "CLOSED", "2026-03-10T13:00:00Z"),
        ("2026-03-10T12:30:00Z", "CLOSED", "2026-03-10T13:00:00Z"),
        ("2026-03-10T13:00:00Z", "OPEN", "2026-03-10T15:00:00Z"),
        ("2026-03-10T15:00:00Z", "CLOSED", ""),
    ] {
        assert_eq!(fixture.state(&both, at).await, (state.to_owned(), next.to_owned()), "{at}");
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_refused() {
    let fixture = Fixture::new();
    let start = "DTSTART:20260310T100000Z\nDURATION:PT1H\n";
    let bad = |lines: &str| calendar("DEFAULT_OPEN", &event(&format!("{start}{lines}")));
    let with = |lines: &str| calendar("DEFAULT_OPEN", &event(lines));
    let nested = "BEGIN:VTODO\n".repeat(5_000);
    let cases = [
        (String::from("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), "X-CALENDAR-TYPE"),
        (String::from("hello"), "iCalendar"),
        (String::from("{}"), "iCalendar"),
        (calendar("OPEN", TODO), "X-CALENDAR-TYPE"),
        (
            calendar("DEFAULT_OPEN", TODO).replace("X-CALENDAR-TYPE:DEFAULT_OPEN\r\n", ""),
            "X-CALENDAR-TYPE",
        ),
        (calendar("DEFAULT_OPEN", &nested), "nest"),
        (bad("RRULE:FREQ=DAILY\nEXDATE:20260311T100000Z"), "EXDATE"),
        (bad("RDATE:20260311T100000Z"), "RDATE"),
        (bad("RECURRENCE-ID:20260311T100000Z"), "RECURRENCE-ID"),
        (bad("RRULE:FREQ=HOURLY"), "within a day"),
        (bad("RRULE:FREQ=SECONDLY;COUNT=9"), "within a day"),
        (bad("RRULE:FREQ=DAILY;BYHOUR=1,2"), "BYHOUR"),
        (bad("RRULE:FREQ=DAILY;INTERVAL=x"), "INTERVAL"),
        (bad("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY"), "RRULE"),
        (bad("RRULE:FREQ=WEEKLY;BYDAY=MO"), "DTSTART"),
        (bad("DTEND:20260310T120000Z"), "both"),
        (bad("RRULE:FREQ=DAILY;UNTIL=x"), "UNTIL"),
        (with("DURATION:PT1H"), "DTSTART"),
        (with("DTSTART:20260310T100000Z\nDTEND:20260310T090000Z"), "ends before"),
        (with("DTSTART:20260310T100000Z\nDTEND;VALUE=DATE:20260311"), "one is a day"),
        (with("DTSTART:20261310T100000Z"), "not a time"),
        (with("DTSTART:99990310T100000Z"), "year"),
        (with("DTSTART:20260310T100000Z\nDURATION:P1M"), "duration"),
        (with("DTSTART:20260310T100000Z\nDURATION:-PT1H"), "duration"),
        (with("DTSTART;TZID=Mars/Base:20260310T100000"), "Mars/Base"),
    ];
    for (text, why) in cases {
        let error = fixture.put_calendar("Calendar", &text).await.unwrap_err();
        assert_eq!(error.code, "InvalidDocumentContent", "{text}");
        assert!(error.message.contains(why), "{why}: {error}");
    }
    let json = json!({ "Name": "Calendar", "Content": calendar("DEFAULT_OPEN", TODO), "DocumentType": "ChangeCalendar" });
    assert_eq!(
        fixture.call("CreateDocument", json).await.unwrap_err().code,
        "InvalidDocumentContent"
    );
}

#[tokio::test]
async fn a_search_through_recurrences_ends() {
    let fixture = Fixture::new();
    let old = event("DTSTART:19000101T000000Z\nDURATION:PT1M\nRRULE:FREQ=DAILY");
    let many = calendar("DEFAULT_OPEN", &vec![old; 100].join("\n"));
    fixture.put_calendar("Many", &many).await.unwrap();
    // Once in 28 years, and looked for day by day.
    let rare = event(
        "DTSTART:20080229T000000Z\nDURATION:PT1M\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=FR",
    );
    fixture
        .put_calendar("Rare", &calendar("DEFAULT_OPEN", &vec![rare; 300].join("\n")))
        .await
        .unwrap();
    for name in ["Many", "Rare"] {
        let input = json!({ "CalendarNames": [name], "AtTime": "2150-01-01T00:00:00Z" });
        let error = fixture.call("GetCalendarState", input).await.unwrap_err();
        assert_eq!(error.code, "UnsupportedCalendarException", "{error}");
    }
}

#[tokio::test]
async fn questions_are_refused_under_ssm_s_names() {
    let fixture = with("DEFAULT_OPEN", TODO).await;
    fixture
        .call(
            "CreateDocument",
            json!({ "Name": "Other", "Content": SHELL, "DocumentFormat": "YAML" }),
        )
        .await
        .unwrap();
    for (input, code) in [
        (json!({ "CalendarNames": ["None"] }), "InvalidDocument"),
        (json!({ "CalendarNames": ["Calendar", "Other"] }), "InvalidDocumentType"),
        (
            json!({ "CalendarNames": ["arn:aws:ssm:us-east-1:111111111111:document/Calendar"] }),
            "InvalidDocument",
        ),
        (json!({ "CalendarNames": [] }), "ValidationException"),
        (json!({ "CalendarNames": ["Calendar"], "AtTime": "tomorrow" }), "ValidationException"),
        (
            json!({ "CalendarNames": ["Calendar"], "AtTime": "2026-13-01T00:00:00Z" }),
            "ValidationException",
        ),
    ] {
        let error = fixture.call("GetCalendarState", input.clone()).await.unwrap_err();
        assert_eq!(error.code, code, "{input}");
    }
    let now =
        fixture.call("GetCalendarState", json!({ "CalendarNames": ["Calendar"] })).await.unwrap();
    assert_eq!(now["State"], "OPEN");
    assert!(now["AtTime"].as_str().unwrap().ends_with('Z'));
    for at in ["2026-03-10T10:00:00.5+0100", "2026-03-10T09:00Z", "2026-03-10T09:00:00"] {
        let input = json!({ "CalendarNames": ["Calendar"], "AtTime": at });
        let answer = fixture.call("GetCalendarState", input).await.unwrap();
        assert_eq!(answer["AtTime"], "2026-03-10T09:00:00Z", "{at}");
    }
}
