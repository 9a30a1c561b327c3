"""Change calendars."""

import pytest

import samples
from answers import refused

MEETING = "UID:one\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Freeze\r\nDTSTART:20260310T100000Z\r\nDTEND:20260310T120000Z"
WEEKLY = (
    "UID:two\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Every Monday\r\n"
    "DTSTART;TZID=Europe/Berlin:20260302T090000\r\nDTEND;TZID=Europe/Berlin:20260302T170000\r\n"
    "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261231T000000Z"
)


@pytest.fixture
def calendar(ssm, name):
    def calendar(text, suffix=""):
        ssm.create_document(Name=name + suffix, Content=text, DocumentType="ChangeCalendar", DocumentFormat="TEXT")
        return name + suffix

    return calendar


def state(ssm, *names, at):
    answer = ssm.get_calendar_state(CalendarNames=list(names), AtTime=at)
    return answer["State"], answer.get("NextTransitionTime", "")


def test_an_event_turns_the_state(ssm, calendar):
    opened, closed = (
        calendar(samples.calendar("DEFAULT_OPEN", MEETING), "-o"),
        calendar(samples.calendar("DEFAULT_CLOSED", MEETING), "-c"),
    )
    for at, of_open, of_closed, begins in [
        ("2026-03-10T09:59:59Z", "OPEN", "CLOSED", "2026-03-10T10:00:00"),
        ("2026-03-10T10:00:00Z", "CLOSED", "OPEN", "2026-03-10T12:00:00"),
        ("2026-03-10T11:59:59Z", "CLOSED", "OPEN", "2026-03-10T12:00:00"),
        ("2026-03-10T12:00:00Z", "OPEN", "CLOSED", ""),
    ]:
        for name, expected in ((opened, of_open), (closed, of_closed)):
            found, transition = state(ssm, name, at=at)
            assert found == expected
            assert transition.startswith(begins) if begins else not transition


def test_all_must_be_open(ssm, calendar):
    busy, free = calendar(samples.calendar("DEFAULT_OPEN", MEETING), "-b"), calendar(samples.calendar(), "-f")
    assert state(ssm, busy, free, at="2026-03-10T11:00:00Z")[0] == "CLOSED"
    assert state(ssm, busy, free, at="2026-03-10T13:00:00Z")[0] == "OPEN"


def test_events_recur_in_their_own_time_zone(ssm, calendar):
    name = calendar(samples.calendar("DEFAULT_OPEN", WEEKLY))
    for at, expected in [
        ("2026-03-09T07:59:00Z", "OPEN"),
        ("2026-03-09T08:00:00Z", "CLOSED"),
        ("2026-03-30T07:00:00Z", "CLOSED"),
        ("2026-03-30T06:59:00Z", "OPEN"),
        ("2026-03-31T10:00:00Z", "OPEN"),
        ("2027-01-04T10:00:00Z", "OPEN"),
    ]:
        assert state(ssm, name, at=at)[0] == expected, at


def test_now_is_the_time_when_none_is_given(ssm, calendar):
    answer = ssm.get_calendar_state(CalendarNames=[calendar(samples.calendar("DEFAULT_CLOSED"))])
    assert answer["State"] == "CLOSED"
    assert answer["AtTime"]


def test_an_arn_names_a_calendar(ssm, calendar):
    name = calendar(samples.calendar())
    arn = f"arn:aws:ssm:us-east-1:000000000000:document/{name}"
    assert state(ssm, arn, at="2026-03-10T11:00:00Z")[0] == "OPEN"


def test_what_is_not_there(ssm, calendar, name):
    with refused("InvalidDocument"):
        state(ssm, f"{name}-none", at="2026-03-10T11:00:00Z")
    with refused("InvalidDocument"):
        state(ssm, calendar(samples.calendar()), f"{name}-none", at="2026-03-10T11:00:00Z")


def test_other_documents_are_no_calendars(ssm, name):
    ssm.create_document(Name=name, Content=samples.command(), DocumentType="Command")
    with refused("InvalidDocumentType"):
        state(ssm, name, at="2026-03-10T11:00:00Z")


@pytest.mark.parametrize("at", ["tomorrow", "2026-13-40T00:00:00Z", "1e9"])
def test_times_that_are_none(ssm, calendar, at):
    with refused("ValidationException"):
        state(ssm, calendar(samples.calendar()), at=at)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
        samples.calendar("DEFAULT_AJAR"),
        samples.calendar("DEFAULT_OPEN", MEETING.replace("20260310T120000Z", "20260310T080000Z")),
        samples.calendar("DEFAULT_OPEN", WEEKLY.replace("FREQ=WEEKLY", "FREQ=NEVER")),
    ],
)
def test_calendars_that_cannot_be(ssm, name, text):
    with refused("InvalidDocumentContent"):
        ssm.create_document(Name=name, Content=text, DocumentType="ChangeCalendar", DocumentFormat="TEXT")
