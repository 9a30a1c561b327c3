//! Input templates: a template, a NUL, a path for its placeholder `v`, a NUL, and an event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rules::Template;
use rules::template::RuleContext;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.split('\0');
    let (template, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("$.detail"));
    let Ok(template) = Template::parse(template, [("v", path)]) else { return };
    let Ok(event) = serde_json::from_str(parts.next().unwrap_or("{}")) else { return };
    let context = RuleContext {
        rule_arn: "arn:aws:events:us-east-1:000000000000:rule/r",
        rule_name: "r",
        ingestion_time: "2026-01-01T00:00:00Z",
    };
    // What cannot be rendered says so.
    let _ = template.render(&event, &context);
});
