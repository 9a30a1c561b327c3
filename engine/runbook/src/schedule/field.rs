//! The grammar of one field of `cron(...)`.

use std::fmt;

use super::error::{Field, FieldProblem, ScheduleError};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const SATURDAY: u16 = 7;
const NTH_MAX: u16 = 5;

/// What one item of a field selects; weekdays are 1 to 7 from Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// The values from `first` to `last`, each `step`-th.
    Values {
        first: u16,
        last: u16,
        step: u16,
    },
    LastDay,
    /// The last Monday to Friday of the month.
    LastWorkday,
    /// The Monday to Friday nearest to this day, in the same month.
    NearestWorkday(u16),
    LastWeekday(u16),
    NthWeekday {
        weekday: u16,
        nth: u16,
    },
}

/// A field that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Items {
    /// `?`: this field says nothing about days.
    Any,
    /// `*`.
    Every,
    Listed(Vec<Item>),
}

impl Field {
    pub(super) fn bounds(self) -> (u16, u16) {
        match self {
            Self::Seconds | Self::Minutes => (0, 59),
            Self::Hours => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (1, 7),
            Self::Year => (1970, 2199),
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            Self::Seconds | Self::Minutes | Self::Hours | Self::DayOfMonth | Self::Year => &[],
        }
    }

    fn is_day(self) -> bool {
        matches!(self, Self::DayOfMonth | Self::DayOfWeek)
    }

    /// Reads this field; `offset` is where `text` begins in the schedule.
    pub(super) fn read(self, text: &str, offset: usize) -> Result<Items, ScheduleError> {
        match text {
            "*" => return Ok(Items::Every),
            "?" if self.is_day() => return Ok(Items::Any),
            _ => {}
        }
        let mut items = Vec::new();
        let mut at = offset;
        for part in text.split(',') {
            let refuse = |problem| ScheduleError::Field {
                field: self,
                offset: at,
                found: part.to_owned(),
                problem,
            };
            let item = self.read_item(&part.to_ascii_uppercase()).map_err(refuse)?;
            check_company(&items, item).map_err(refuse)?;
            items.push(item);
            at += part.len() + 1;
        }
        Ok(Items::Listed(items))
    }

    fn read_item(self, part: &str) -> Result<Item, FieldProblem> {
        match part {
            "" => return Err(FieldProblem::Empty),
            "*" => return Err(FieldProblem::EveryInList),
            _ if part.contains('?') => return Err(FieldProblem::Question),
            _ => {}
        }
        if let Some((base, step)) = part.split_once('/') {
            return self.read_step(base, step);
        }
        if let Some(item) = self.read_special(part)? {
            return Ok(item);
        }
        let (first, last) = self.read_range(part)?;
        Ok(Item::Values { first, last, step: 1 })
    }

    fn read_step(self, base: &str, step: &str) -> Result<Item, FieldProblem> {
        if self == Self::Year {
            return Err(FieldProblem::YearStep);
        }
        let (min, max) = self.bounds();
        let step = number(step)
            .filter(|step| (1..=max).contains(step))
            .ok_or(FieldProblem::Step { min, max })?;
        let (first, last) = match base {
            "*" => (min, max),
            "" => return Err(FieldProblem::Step { min, max }),
            _ if base.contains('-') => self.read_range(base)?,
            _ => (self.read_value(base)?, max),
        };
        Ok(Item::Values { first, last, step })
    }

    /// Reads the items with `L`, `W` or `#`; `None` if this is a value or a range.
    fn read_special(self, part: &str) -> Result<Option<Item>, FieldProblem> {
        let item = match self {
            Self::DayOfMonth => match part {
                "L" => Item::LastDay,
                "LW" => Item::LastWorkday,
                _ if part.starts_with("L-") => return Err(FieldProblem::BeforeLast),
                _ => match part.strip_suffix('W') {
                    Some(day) => Item::NearestWorkday(self.read_value(day)?),
                    None => return refuse_letters(part, &[('L', LAST), ('#', NTH)]),
                },
            },
            Self::DayOfWeek => {
                if part == "L" {
                    let (first, last) = (SATURDAY, SATURDAY);
                    Item::Values { first, last, step: 1 }
                } else if let Some((weekday, nth)) = part.split_once('#') {
                    let nth = number(nth)
                        .filter(|nth| (1..=NTH_MAX).contains(nth))
                        .ok_or(FieldProblem::Nth)?;
                    let weekday = self.read_value(weekday).map_err(|_| FieldProblem::Nth)?;
                    Item::NthWeekday { weekday, nth }
                } else if let Some(weekday) = part.strip_suffix('L') {
                    Item::LastWeekday(self.read_value(weekday)?)
                } else {
                    return Ok(None);
                }
            }
            Self::Seconds | Self::Minutes | Self::Hours | Self::Year => {
                return refuse_letters(part, &[('L', LAST), ('W', NEAREST), ('#', NTH)]);
            }
            Self::Month => return Ok(None),
        };
        Ok(Some(item))
    }

    fn read_range(self, text: &str) -> Result<(u16, u16), FieldProblem> {
        let Some((first_text, last_text)) = text.split_once('-') else {
            let value = self.read_value(text)?;
            return Ok((value, value));
        };
        let (first, last) = (self.read_value(first_text)?, self.read_value(last_text)?);
        if first > last {
            let (min, max) = self.bounds();
            return Err(FieldProblem::Backwards {
                written: format!("{first_text}-{max},{min}-{last_text}"),
            });
        }
        Ok((first, last))
    }

    fn read_value(self, text: &str) -> Result<u16, FieldProblem> {
        let (min, max) = self.bounds();
        let named = self.names().iter().position(|name| *name == text);
        named
            .and_then(|index| u16::try_from(index).ok()?.checked_add(min))
            .or_else(|| number(text))
            .filter(|value| (min..=max).contains(value))
            .ok_or(FieldProblem::Value { min, max, names: self.names() })
    }
}

const LAST: &str = "write L in day-of-month or a day and L in day-of-week";
const NEAREST: &str = "write a day and W in day-of-month";
const NTH: &str = "write a day, # and 1 to 5 in day-of-week";

fn refuse_letters(
    part: &str,
    letters: &[(char, &'static str)],
) -> Result<Option<Item>, FieldProblem> {
    match letters.iter().find(|(letter, _)| part.contains(*letter)) {
        Some((letter, hint)) => Err(FieldProblem::Letter { letter: *letter, hint }),
        None => Ok(None),
    }
}

/// Refuses an item that cannot stand in one list with those before it.
fn check_company(before: &[Item], item: Item) -> Result<(), FieldProblem> {
    let is_last = |item: &Item| matches!(item, Item::LastDay | Item::LastWorkday);
    let is_nth = |item: &Item| matches!(item, Item::NthWeekday { .. });
    if is_nth(&item) && before.iter().any(is_nth) {
        return Err(FieldProblem::NthTwice);
    }
    if is_last(&item) && before.iter().any(|other| is_last(other) && *other != item) {
        return Err(FieldProblem::LastTwice);
    }
    Ok(())
}

fn number(text: &str) -> Option<u16> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

impl Items {
    /// Returns the values selected, ascending and each once; those that depend on the month are left out.
    pub(super) fn values(&self, field: Field) -> Vec<u16> {
        let (min, max) = field.bounds();
        match self {
            Self::Any | Self::Every => (min..=max).collect(),
            Self::Listed(items) => {
                let mut values: Vec<u16> = items
                    .iter()
                    .filter_map(|item| match *item {
                        Item::Values { first, last, step } => {
                            Some((first..=last).step_by(usize::from(step)))
                        }
                        Item::LastDay
                        | Item::LastWorkday
                        | Item::NearestWorkday(_)
                        | Item::LastWeekday(_)
                        | Item::NthWeekday { .. } => None,
                    })
                    .flatten()
                    .collect();
                values.sort_unstable();
                values.dedup();
                values
            }
        }
    }
}

/// Writes the item as croner reads it.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { first, last, step: 1 } if first == last => write!(f, "{first}"),
            Self::Values { first, last, step: 1 } => write!(f, "{first}-{last}"),
            Self::Values { first, last, step } => write!(f, "{first}-{last}/{step}"),
            Self::LastDay => f.write_str("L"),
            Self::LastWorkday => f.write_str("LW"),
            Self::NearestWorkday(day) => write!(f, "{day}W"),
            Self::LastWeekday(weekday) => write!(f, "{weekday}L"),
            Self::NthWeekday { weekday, nth } => write!(f, "{weekday}#{nth}"),
        }
    }
}

/// Writes the field as croner reads it.
impl fmt::Display for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any | Self::Every => f.write_str("*"),
            Self::Listed(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                Ok(())
            }
        }
    }
}
