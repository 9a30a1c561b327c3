//! Headers of a delivery: each once, bounded, visible ASCII.

use hyper::HeaderMap;

use super::Cause;
use super::options::Tolerance;

/// The longest header that is read, in bytes.
const HEADER_BYTES_MAX: usize = 4_096;
/// The longest identifier or name of an event, in bytes.
const NAME_BYTES_MAX: usize = 256;
/// Seconds since the Unix epoch have 10 digits until the year 2286.
const TIMESTAMP_DIGITS_MAX: usize = 12;

#[derive(Debug, Clone, Copy)]
pub(super) struct Headers<'a>(&'a HeaderMap);

impl<'a> Headers<'a> {
    pub(super) fn new(headers: &'a HeaderMap) -> Self {
        Self(headers)
    }

    /// Returns the header as text; one that stands there twice is refused, for sender and reader may each mean another.
    pub(super) fn find(self, header: &str) -> Result<Option<&'a str>, Cause> {
        let mut values = self.0.get_all(header).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Cause::HeaderTwice { header: header.to_owned() });
        }
        let text = value.to_str().ok().filter(|text| text.len() <= HEADER_BYTES_MAX);
        text.map(Some).ok_or_else(|| Cause::HeaderText { header: header.to_owned() })
    }

    pub(super) fn need(self, header: &str) -> Result<&'a str, Cause> {
        self.find(header)?.ok_or_else(|| Cause::HeaderMissing { header: header.to_owned() })
    }

    /// Returns an identifier or the name of an event; an empty one is none.
    pub(super) fn name(self, header: &str) -> Result<Option<String>, Cause> {
        match self.find(header)? {
            Some(text) if text.len() > NAME_BYTES_MAX => {
                Err(Cause::HeaderText { header: header.to_owned() })
            }
            Some("") | None => Ok(None),
            Some(text) => Ok(Some(text.to_owned())),
        }
    }

    /// Returns the timestamp as it is signed, if it is near enough to now.
    pub(super) fn timestamp(
        self,
        header: &str,
        now_ms: u64,
        tolerance: Tolerance,
    ) -> Result<&'a str, Cause> {
        let text = self.need(header)?;
        check_timestamp(text, header, now_ms, tolerance)?;
        Ok(text)
    }
}

/// Refuses what is not whole seconds since the Unix epoch, or is too far from now in either direction.
pub(super) fn check_timestamp(
    text: &str,
    header: &str,
    now_ms: u64,
    tolerance: Tolerance,
) -> Result<(), Cause> {
    let is_number = (1..=TIMESTAMP_DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|digit| digit.is_ascii_digit());
    let seconds: u64 = Some(text)
        .filter(|_| is_number)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Cause::TimestampForm { header: header.to_owned() })?;
    let difference_s = (now_ms / 1_000).abs_diff(seconds);
    if difference_s * 1_000 > tolerance.as_ms() {
        return Err(Cause::TimestampFar { difference_s });
    }
    Ok(())
}
