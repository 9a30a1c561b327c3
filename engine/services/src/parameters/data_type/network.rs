//! Values that name something in a network.

const HOSTNAME_CHARACTERS_MAX: usize = 253;
const LABEL_CHARACTERS_MAX: usize = 63;
const LOCAL_PART_CHARACTERS_MAX: usize = 64;

/// Whether a text looks like a region, as `us-east-1` and `us-gov-west-1` do. Which regions there are is not known here.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    first.len() == 2
        && is_word(first)
        && !middle.is_empty()
        && middle.iter().all(|part| is_word(part))
        && super::is_digits(last)
}

/// Whether a text is a host name by RFC 1123. Digits and dots alone are an address.
pub(super) fn is_hostname(text: &str) -> bool {
    text.len() <= HOSTNAME_CHARACTERS_MAX
        && text.split('.').all(is_label)
        && !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_CHARACTERS_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether a text is a mail address without quotes: a dotted local part, and a host name.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let is_atom = |atom: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
        !atom.is_empty() && atom.bytes().all(allowed)
    };
    local.len() <= LOCAL_PART_CHARACTERS_MAX
        && local.split('.').all(is_atom)
        && host.contains('.')
        && is_hostname(host)
}
