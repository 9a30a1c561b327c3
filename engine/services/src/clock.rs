//! Times as SSM writes them.

/// Returns milliseconds since the Unix epoch as seconds with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age of the world fit exactly")]
pub(crate) fn seconds(time_ms: u64) -> f64 {
    time_ms as f64 / 1_000.0
}

/// Returns a time of the wire and of records: `2016-11-29T19:43:25Z`.
pub(crate) fn instant(time_ms: u64) -> String {
    text(time_ms, "%Y-%m-%dT%H:%M:%SZ")
}

/// Returns a time as events of runs write it: `Nov 29, 2016 7:43:25 PM`, always in UTC.
pub(crate) fn spelt(time_ms: u64) -> String {
    text(time_ms, "%b %-d, %Y %-I:%M:%S %p")
}

/// A time beyond the year 9999 is shown as the last that there is.
fn text(time_ms: u64, format: &str) -> String {
    let time_ms = i64::try_from(time_ms).ok();
    let time = time_ms.and_then(|time_ms| jiff::Timestamp::from_millisecond(time_ms).ok());
    let time = time.unwrap_or(jiff::Timestamp::MAX).to_zoned(jiff::tz::TimeZone::UTC);
    time.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelt_as_ssm_does() {
        let (evening, morning) = (1_480_448_605_999, 1_480_378_205_000);
        assert_eq!(instant(evening), "2016-11-29T19:43:25Z");
        assert_eq!(spelt(evening), "Nov 29, 2016 7:43:25 PM");
        assert_eq!(spelt(morning), "Nov 29, 2016 12:10:05 AM");
        assert!(instant(u64::MAX).starts_with("9999-"));
    }
}
