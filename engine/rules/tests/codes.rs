//! Every code has a page whose examples are as wrong and as right as they say, and a case.

#[path = "support/diagnose.rs"]
mod diagnose;

use rules::{codes, file};
use runbook::source::Source;

fn example(page: &str, heading: &str) -> Source {
    let (_, rest) =
        page.split_once(&format!("\n{heading}:\n\n```yaml\n")).expect("the page has the example");
    let (text, _) = rest.split_once("```").expect("the example ends");
    Source::new(heading, text)
}

#[test]
fn the_wrong_example_of_each_page_has_its_code() {
    for (code, page) in codes::ALL {
        let source = example(page, "Wrong");
        let (_, found) = file::parse(&source);
        let seen = diagnose::rendered(&source, &found);
        assert!(found.iter().any(|diagnostic| diagnostic.code == *code), "{code}:\n{seen}");
    }
}

#[test]
fn the_right_example_of_each_page_has_nothing() {
    for (code, page) in codes::ALL {
        let source = example(page, "Right");
        let (read, found) = file::parse(&source);
        assert!(found.is_empty(), "{code}:\n{}", diagnose::rendered(&source, &found));
        assert!(read.is_some());
    }
}

#[test]
fn each_page_begins_with_its_code_that_no_runbook_has() {
    for (code, page) in codes::ALL {
        assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        assert_eq!(codes::explain(&code.as_str().to_lowercase()), Some(*page));
        assert_eq!(runbook::codes::explain(code.as_str()), None);
    }
    assert_eq!(codes::explain("RW9999"), None);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
fn each_code_has_a_case() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/err");
    let mut seen = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "snap") {
            seen.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    for (code, _) in codes::ALL {
        assert!(seen.contains(&format!("[{code}]")), "{code} has no case");
    }
}
