//! A plain path into JSON: `$`, `$.state.name`, `$.items[0].id`.

use std::fmt;

use runwright_sdk::Value;

/// A path into JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "selector {:?}: {}", self.text, self.reason)
    }
}

impl std::error::Error for SelectorError {}

impl Selector {
    /// Reads `$` with any number of `.name` and `[index]`.
    ///
    /// # Errors
    /// For anything else, such as wildcards: they would select more than one value.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let fail = |reason| SelectorError { text: text.to_owned(), reason };
        let mut rest = text.strip_prefix('$').ok_or_else(|| fail("it must begin with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, next) = after.split_at(end);
                if name.is_empty() || name.contains('*') {
                    return Err(fail("a name must follow `.`"));
                }
                steps.push(Step::Member(name.to_owned()));
                rest = next;
            } else {
                let inner = rest.strip_prefix('[').and_then(|after| after.split_once(']'));
                let (index, next) = inner.ok_or_else(|| fail("expected `.name` or `[index]`"))?;
                let index = index.parse().map_err(|_| fail("an index is a number"))?;
                steps.push(Step::Element(index));
                rest = next;
            }
        }
        Ok(Self { steps })
    }

    /// Returns the value at the path, if there is one.
    pub fn select<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.steps.iter().try_fold(value, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Element(index) => value.get(index),
        })
    }
}

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::json;

    use super::Selector;

    #[test]
    fn a_path_selects_one_value() {
        let value = json!({ "a": { "b": [{ "c": 1 }, 2] }, "x-y": null });
        for (text, expected) in [
            ("$", Some(value.clone())),
            ("$.a.b[0].c", Some(json!(1))),
            ("$.a.b[1]", Some(json!(2))),
            ("$.x-y", Some(json!(null))),
            ("$.a.b[2]", None),
            ("$.a.c", None),
        ] {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.select(&value).cloned(), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "a", "$a", "$.", "$..a", "$.*", "$[*]", "$[-1]", "$[0", "$.a b]["] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
