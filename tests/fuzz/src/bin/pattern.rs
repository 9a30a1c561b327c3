//! Event patterns: a pattern, a NUL, and an event. Whatever both are, a pattern that was read is held against the event without a
//! panic or a hang, and an index says the same as the pattern alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rules::{Event, Index, Pattern};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, event) = text.split_once('\0').unwrap_or((text, "{}"));
    let pattern = match Pattern::parse(pattern) {
        Ok(pattern) => pattern,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let Ok(event) = serde_json::from_str(event) else { return };
    let Ok(event) = Event::new(&event) else { return };
    let matches = pattern.matches(&event);
    assert_eq!(matches, pattern.explain(&event).is_none());
    let mut index = Index::new();
    index.insert(0, pattern);
    assert_eq!(matches, !index.matching(&event).is_empty());
});
