//! Rule files: whatever the text is, it is read without a panic or a hang, each mistake has a place in it, and what was read without
//! one can be kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rules::file;
use runbook::diagnostic::{any_error, render};
use runbook::source::Source;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source::new("rules.yaml", text);
    let (read, diagnostics) = file::parse(&source);
    assert_eq!(read.is_none(), any_error(&diagnostics));
    for diagnostic in &diagnostics {
        assert!(diagnostic.span.end.offset <= text.len());
        assert!(!render::plain(&source, diagnostic).is_empty());
    }
    let names = file::names(&source).len();
    let Some(read) = read else { return };
    assert!(file::is_rule_file(&source));
    assert_eq!(names, read.webhooks.len() + read.rules.len() + read.schedules.len());
    for schedule in &read.schedules {
        assert!(schedule.when.timetable(0).is_ok());
    }
});
