//! Random values that the model allows, drawn from the model file.

use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::{RegexGeneratorStrategy, string_regex};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::model;

/// Optional members are left out from this depth on, which ends shapes that hold themselves.
const DEPTH_MAX: usize = 9;
const CHARACTERS: [char; 6] = ['a', 'Z', '7', ' ', 'é', '🦀'];

pub(crate) struct Generator {
    runner: TestRunner,
    patterns: BTreeMap<&'static str, Rc<RegexGeneratorStrategy<String>>>,
}

impl Generator {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        Self {
            runner: TestRunner::new_with_rng(Config::default(), random),
            patterns: BTreeMap::new(),
        }
    }

    pub(crate) fn number(&mut self, least: i64, most: i64) -> i64 {
        self.draw(&(least..=most))
    }

    pub(crate) fn value(&mut self, name: &'static str, depth: usize) -> Value {
        let shape = model::shape(name);
        let bound = |key: &str, otherwise: i64| shape[key].as_i64().unwrap_or(otherwise);
        match shape["type"].as_str().expect("a shape has a type") {
            "structure" => self.structure(shape, depth),
            "list" => {
                let length = self.length(shape);
                let member = model::target(&shape["member"]);
                (0..length).map(|_| self.value(member, depth + 1)).collect()
            }
            "map" => self.map(shape, depth),
            "string" => Value::String(self.text(name, shape)),
            "integer" => json!(
                self.number(bound("min", i64::from(i32::MIN)), bound("max", i64::from(i32::MAX)))
            ),
            "long" => json!(self.number(bound("min", i64::MIN), bound("max", i64::MAX))),
            "boolean" => json!(self.number(0, 1) == 1),
            "timestamp" => json!(self.draw(&(0.0..4e9_f64))),
            "blob" => json!(["", "eA==", "eHl6"][usize::from(self.draw(&(0..3_u8)))]),
            other => panic!("the model has another type: {other}"),
        }
    }

    fn structure(&mut self, shape: &'static Value, depth: usize) -> Value {
        let required = model::texts(&shape["required"]);
        let members: Vec<_> = model::members(&shape["members"]).collect();
        let only = (shape["union"] == true).then(|| self.draw(&(0..members.len())));
        let mut entries = Map::new();
        for (index, (name, reference)) in members.into_iter().enumerate() {
            let wanted = match only {
                Some(only) => index == only,
                None => required.contains(&name) || (depth < DEPTH_MAX && self.number(0, 2) > 0),
            };
            if wanted {
                entries.insert(name.to_owned(), self.value(model::target(reference), depth + 1));
            }
        }
        Value::Object(entries)
    }

    fn map(&mut self, shape: &'static Value, depth: usize) -> Value {
        let length = self.length(shape);
        let (key, value) = (model::target(&shape["key"]), model::target(&shape["value"]));
        let mut entries = Map::new();
        for _ in 0..length {
            entries.insert(self.text(key, model::shape(key)), self.value(value, depth + 1));
        }
        Value::Object(entries)
    }

    fn length(&mut self, shape: &Value) -> i64 {
        let least = shape["min"].as_i64().unwrap_or(0);
        let most = shape["max"].as_i64().unwrap_or(i64::MAX);
        self.number(least, most.min(least + 2))
    }

    fn text(&mut self, name: &'static str, shape: &'static Value) -> String {
        let values = model::texts(&shape["enum"]);
        if !values.is_empty() {
            return values[self.draw(&(0..values.len()))].to_owned();
        }
        let least = shape["min"].as_i64().unwrap_or(0);
        let most = shape["max"].as_i64().unwrap_or(i64::MAX);
        let Some(pattern) = shape["pattern"].as_str() else {
            let length = self.number(least, most.min(least + 12));
            return (0..length).map(|_| CHARACTERS[self.draw(&(0..CHARACTERS.len()))]).collect();
        };
        let strategy = self.patterns.entry(name).or_insert_with(|| {
            Rc::new(string_regex(&unanchored(pattern)).expect("a pattern generates"))
        });
        let strategy = Rc::clone(strategy);
        for _ in 0..1_000 {
            let text = self.draw(strategy.as_ref());
            if (least..=most)
                .contains(&i64::try_from(text.chars().count()).expect("a text is short"))
            {
                return text;
            }
        }
        panic!("{name} has no text of an allowed length");
    }

    fn draw<S: Strategy>(&mut self, strategy: &S) -> S::Value {
        strategy.new_tree(&mut self.runner).expect("a value can be drawn").current()
    }
}

/// Returns a pattern that generates texts which the model's pattern accepts.
fn unanchored(pattern: &str) -> String {
    if pattern.contains("(?!") && !pattern.starts_with(r"^(?!\s*$)") {
        return "2024-05-13T10:20:30Z|20240513|2024-W05".to_owned();
    }
    let pattern = pattern.replace(r"(?!\s*$).+", "[!-~]{1,20}").replace("{1,100000}", "{1,20}");
    let mut out = String::new();
    let mut in_class = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('w') => out.push_str("[0-9A-Za-z_]"),
                Some('d') => out.push_str("[0-9]"),
                Some('s') => out.push_str("[ ]"),
                Some('S') => out.push_str("[!-~]"),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            '^' | '$' if !in_class => {}
            '.' if !in_class => out.push_str("[ -~]"),
            other => {
                in_class = other == '[' || (in_class && other != ']');
                out.push(other);
            }
        }
    }
    out
}
