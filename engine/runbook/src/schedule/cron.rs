//! `cron(...)`: its fields, and the wall-clock times that match them.
//!
//! The search is croner's; what AWS accepts, and what it means by it, is decided here before croner sees it.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::{SignedDuration, ToSpan};

use super::Dialect;
use super::error::{Field, ScheduleError};
use super::field::Items;

/// The fields without the leading seconds.
const FIELDS: [Field; 6] =
    [Field::Minutes, Field::Hours, Field::DayOfMonth, Field::Month, Field::DayOfWeek, Field::Year];
const MINUTES_OF_DAY: u16 = 24 * 60;
const ASSOCIATION_MINUTES_MIN: u16 = 30;
const WINDOW_MINUTES_MIN: u16 = 5;

/// A `cron(...)` that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CronTimes {
    cron: Cron,
    /// All 24 hours are selected, so it repeats by elapsed time rather than at named hours.
    pub(super) every_hour: bool,
}

/// The fields of a `cron(...)`, with the text of each.
struct Fields<'t> {
    texts: Vec<(Field, &'t str)>,
    items: Vec<(Field, Items)>,
}

impl CronTimes {
    /// Reads what stands between the parentheses; `offset` is where it begins in the schedule.
    pub(super) fn parse(
        body: &str,
        offset: usize,
        dialect: Dialect,
    ) -> Result<Self, ScheduleError> {
        let fields = Fields::read(body, offset, dialect)?;
        fields.check_days()?;
        fields.check_dialect(dialect)?;
        let pattern = fields.pattern();
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Required)
            .alternative_weekdays(true)
            .dom_and_dow(true)
            .build();
        // The grammar above is narrower than croner's, so a refusal here would be a form that croner gave up.
        let cron = parser.parse(&pattern).map_err(|_| ScheduleError::Form { text: pattern })?;
        let every_hour = fields.values(Field::Hours).len() == 24;
        Ok(Self { cron, every_hour })
    }

    /// Returns the first wall-clock time, moved by `offset_days`, that is after `start`, or at it if `inclusive`.
    pub(super) fn next(
        &self,
        start: DateTime,
        inclusive: bool,
        offset_days: i8,
    ) -> Option<DateTime> {
        let start = start.checked_sub(i64::from(offset_days).days()).ok()?;
        let start = if inclusive { start } else { start.checked_add(SECOND).ok()? };
        let found = self.cron.find_next_occurrence(&start, true).ok()?;
        found.checked_add(i64::from(offset_days).days()).ok()
    }
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

impl<'t> Fields<'t> {
    fn read(body: &'t str, offset: usize, dialect: Dialect) -> Result<Self, ScheduleError> {
        let words: Vec<&str> = body.split_ascii_whitespace().collect();
        let with_seconds = dialect.allows_seconds() && words.len() == FIELDS.len() + 1;
        if words.len() != FIELDS.len() && !with_seconds {
            return Err(ScheduleError::FieldCount { found: words.len(), dialect });
        }
        let seconds = with_seconds.then_some(Field::Seconds);
        let texts: Vec<_> = seconds.into_iter().chain(FIELDS).zip(words).collect();
        let mut items = Vec::new();
        let mut at = 0;
        for (field, text) in &texts {
            at += body[at..].find(text).unwrap_or(0);
            items.push((*field, field.read(text, offset + at)?));
            at += text.len();
        }
        Ok(Self { texts, items })
    }

    fn text(&self, field: Field) -> &'t str {
        self.texts.iter().find(|(name, _)| *name == field).map_or("0", |(_, text)| text)
    }

    fn items(&self, field: Field) -> Option<&Items> {
        self.items.iter().find(|(name, _)| *name == field).map(|(_, items)| items)
    }

    /// Returns the values selected; seconds that are not written are 0.
    fn values(&self, field: Field) -> Vec<u16> {
        self.items(field).map_or_else(|| vec![0], |items| items.values(field))
    }

    /// Exactly one of the two day fields is `?`; the other says which days.
    fn check_days(&self) -> Result<(), ScheduleError> {
        let is_any = |field| self.items(field) == Some(&Items::Any);
        match (is_any(Field::DayOfMonth), is_any(Field::DayOfWeek)) {
            (true, true) => Err(ScheduleError::DayQuestionTwice),
            (false, false) => Err(ScheduleError::DayQuestionMissing {
                day_of_month: self.text(Field::DayOfMonth).to_owned(),
                day_of_week: self.text(Field::DayOfWeek).to_owned(),
            }),
            (true, false) | (false, true) => Ok(()),
        }
    }

    fn check_dialect(&self, dialect: Dialect) -> Result<(), ScheduleError> {
        match dialect {
            Dialect::MaintenanceWindow if self.shortest_minutes() < WINDOW_MINUTES_MIN => {
                Err(ScheduleError::WindowTooOften)
            }
            Dialect::EventBridgeRule | Dialect::Ours | Dialect::MaintenanceWindow => Ok(()),
            Dialect::Association => self.check_association(),
        }
    }

    fn check_association(&self) -> Result<(), ScheduleError> {
        let refused = |field: Field, expected| ScheduleError::AssociationField {
            field,
            found: self.text(field).to_owned(),
            expected,
        };
        if self.values(Field::Seconds) != [0] {
            return Err(refused(Field::Seconds, "0"));
        }
        if self.items(Field::Month) != Some(&Items::Every) {
            return Err(refused(Field::Month, "*"));
        }
        if self.shortest_minutes() < ASSOCIATION_MINUTES_MIN {
            return Err(ScheduleError::AssociationTooOften);
        }
        Ok(())
    }

    /// Returns the shortest time between two times of day, midnight included, in whole minutes; 0 if it is under one.
    fn shortest_minutes(&self) -> u16 {
        if self.values(Field::Seconds).len() > 1 {
            return 0;
        }
        let minutes = self.values(Field::Minutes);
        let times: Vec<u16> = self
            .values(Field::Hours)
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute))
            .collect();
        let over_midnight = match (times.first(), times.last()) {
            (Some(first), Some(last)) => MINUTES_OF_DAY - last + first,
            (None, _) | (_, None) => MINUTES_OF_DAY,
        };
        let within = times.windows(2).map(|pair| pair[1] - pair[0]).min();
        within.unwrap_or(MINUTES_OF_DAY).min(over_midnight)
    }

    /// Returns the seven fields as croner reads them; years are always bounded, so that its search ends.
    fn pattern(&self) -> String {
        let mut words = Vec::new();
        if self.items(Field::Seconds).is_none() {
            words.push("0".to_owned());
        }
        for (field, items) in &self.items {
            let (min, max) = field.bounds();
            words.push(match (field, items) {
                (Field::Year, Items::Every) => format!("{min}-{max}"),
                (_, items) => items.to_string(),
            });
        }
        words.join(" ")
    }
}
