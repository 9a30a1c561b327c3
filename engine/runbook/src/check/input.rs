//! The inputs of an action against its manifest's JSON Schema, looking through references.
//!
//! A value that is one reference may become anything and fits everywhere; text with references in it is text.
//! Schema 0.3 documents write numbers and booleans as text and the other way round; there the literal is converted.

use serde_json::{Map, Value};

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::{Node, kind};
use crate::plan::Schema;
use crate::template::Template;

/// A part of a manifest's schema and the whole, for `$ref`.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'s> {
    root: &'s Value,
    at: &'s Value,
}

impl<'s> Shape<'s> {
    pub(crate) fn of(root: &'s Value) -> Self {
        Self { root, at: root }
    }

    fn inner(self, at: &'s Value) -> Self {
        let mut at = at;
        // A chain of references is never longer than this in a sound schema.
        for _ in 0..8 {
            let Some(pointer) = at.get("$ref").and_then(Value::as_str) else { break };
            let Some(found) = self.root.pointer(pointer.trim_start_matches('#')) else { break };
            at = found;
        }
        Self { root: self.root, at }
    }

    fn types(self) -> Vec<&'s str> {
        match self.at.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn alternatives(self) -> Option<Vec<Shape<'s>>> {
        let list = self.at.get("anyOf").or_else(|| self.at.get("oneOf"))?.as_array()?;
        Some(list.iter().map(|at| self.inner(at)).collect())
    }

    fn property(self, name: &str) -> Option<Shape<'s>> {
        self.at.get("properties")?.get(name).map(|at| self.inner(at))
    }

    fn number(self, keyword: &str) -> Option<f64> {
        self.at.get(keyword)?.as_f64()
    }

    fn takes_secret(self) -> bool {
        let stated = self.at.get("x-runwright-secret") == Some(&Value::Bool(true));
        let open = self.types().is_empty() && self.at.get("properties").is_none();
        match self.alternatives() {
            Some(alternatives) => alternatives.into_iter().any(Shape::takes_secret),
            None => stated || (open && self.at.get("enum").is_none()),
        }
    }
}

impl<'d> Checker<'d> {
    /// Checks a value and returns it, with literals converted where 0.3 asks for it.
    pub(crate) fn fit(&mut self, shape: Shape<'_>, node: &Node<'d>) -> Value {
        let shape = shape.inner(shape.at);
        if self.is_open(node, shape) {
            return node.value.clone();
        }
        if let Some(alternatives) = shape.alternatives() {
            return self.fit_any(&alternatives, node);
        }
        let value = self.converted(shape, node.value);
        if !self.fits_type(shape, node, &value) {
            return value;
        }
        match &value {
            Value::Object(_) => self.fit_map(shape, node),
            Value::Array(_) => self.fit_list(shape, node),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.fit_plain(shape, node, &value);
                value
            }
        }
    }

    /// Whether the value stands for something that only a run knows, or for a secret where one is taken.
    fn is_open(&mut self, node: &Node<'d>, shape: Shape<'_>) -> bool {
        if let Some(text) = node.text() {
            let parsed = Template::parse_text(text, self.schema);
            return !matches!(parsed, Ok(Template::Literal(_) | Template::Text(_)));
        }
        let secret =
            node.value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("secret"));
        if secret && self.schema == Schema::V0_4 {
            if !shape.takes_secret() {
                let message = "this input takes no secret";
                self.error(codes::SECRET, node.focus(), message);
            }
            return true;
        }
        false
    }

    fn fit_any(&mut self, alternatives: &[Shape<'_>], node: &Node<'d>) -> Value {
        let before = self.diagnostics.len();
        let mut nearest: Option<Vec<Diagnostic>> = None;
        for shape in alternatives {
            let value = self.fit(*shape, node);
            if self.diagnostics.len() == before {
                return value;
            }
            let faults = self.diagnostics.split_off(before);
            let same_kind =
                shape.types().is_empty() || shape.types().contains(&type_name(node.value));
            if same_kind && nearest.is_none() {
                nearest = Some(faults);
            }
        }
        if let Some(faults) = nearest {
            self.diagnostics.extend(faults);
        } else {
            let types = alternatives.iter().flat_map(|shape| shape.types());
            let wanted: Vec<&str> = types.filter(|name| *name != "null").map(words).collect();
            let message =
                format!("{} is wanted here, not {}", wanted.join(" or "), kind(node.value));
            self.error(codes::INVALID_INPUT, node.focus(), message);
        }
        node.value.clone()
    }

    fn converted(&self, shape: Shape<'_>, value: &Value) -> Value {
        let types = shape.types();
        if self.schema == Schema::V0_4 || types.is_empty() || types.contains(&type_name(value)) {
            return value.clone();
        }
        let wants = |name: &str| types.contains(&name);
        match value {
            Value::String(text) => {
                let text = text.trim();
                if wants("integer")
                    && let Ok(number) = text.parse::<i64>()
                {
                    return Value::from(number);
                }
                if wants("boolean") && text.eq_ignore_ascii_case("true") {
                    return Value::Bool(true);
                }
                if wants("boolean") && text.eq_ignore_ascii_case("false") {
                    return Value::Bool(false);
                }
                value.clone()
            }
            Value::Number(_) | Value::Bool(_) if wants("string") => {
                Value::String(value.to_string())
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => value.clone(),
        }
    }

    fn fits_type(&mut self, shape: Shape<'_>, node: &Node<'d>, value: &Value) -> bool {
        let types = shape.types();
        let own = type_name(value);
        let fits = types.is_empty()
            || types.contains(&own)
            || (own == "integer" && types.contains(&"number"))
            || (own == "number"
                && types.contains(&"integer")
                && value.as_f64().is_some_and(|n| n.fract() == 0.0));
        if !fits {
            let wanted: Vec<&str> =
                types.iter().filter(|t| **t != "null").map(|t| words(t)).collect();
            let message = format!("{} is wanted here, not {}", wanted.join(" or "), kind(value));
            self.error(codes::INVALID_INPUT, node.focus(), message);
        }
        fits
    }

    fn fit_map(&mut self, shape: Shape<'_>, node: &Node<'d>) -> Value {
        let required = shape.at.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if node.get(name).is_none() {
                let message = format!("the input `{name}` is missing");
                self.error(codes::MISSING_INPUT, node.focus_start(), message);
            }
        }
        let more = shape.at.get("additionalProperties");
        let mut map = Map::new();
        for (name, child) in node.entries() {
            let value = match (shape.property(name), more) {
                (Some(inner), _) => self.fit(inner, &child),
                (None, Some(Value::Bool(false))) => {
                    self.unknown_input(shape, name, &child);
                    child.value.clone()
                }
                (None, Some(inner @ Value::Object(_))) => self.fit(shape.inner(inner), &child),
                (None, _) => child.value.clone(),
            };
            map.insert(name.to_owned(), value);
        }
        Value::Object(map)
    }

    fn unknown_input(&mut self, shape: Shape<'_>, name: &str, child: &Node<'d>) {
        if self.passed_over.contains(&child.path) {
            return;
        }
        let known: Vec<&str> = shape
            .at
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let otherwise = if known.is_empty() {
            "there are no inputs here".to_owned()
        } else {
            format!("the inputs are {}", known.join(", "))
        };
        let message = format!("there is no input `{name}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_INPUT, child.key_span(), message)
            .suggest(name, known, otherwise);
        self.report(diagnostic);
    }

    fn fit_list(&mut self, shape: Shape<'_>, node: &Node<'d>) -> Value {
        let elements = node.elements();
        let count = elements.len() as u64;
        let bound = |keyword: &str| shape.at.get(keyword).and_then(Value::as_u64);
        if bound("minItems").is_some_and(|least| count < least) {
            let message =
                format!("at least {} values are wanted here", bound("minItems").unwrap_or(0));
            self.error(codes::INVALID_INPUT, node.focus(), message);
        }
        if bound("maxItems").is_some_and(|most| count > most) {
            let message = format!("at most {} values fit here", bound("maxItems").unwrap_or(0));
            self.error(codes::INVALID_INPUT, node.focus(), message);
        }
        let items = shape.at.get("items").map(|items| shape.inner(items));
        let fitted = elements.iter().map(|element| match items {
            Some(items) => self.fit(items, element),
            None => element.value.clone(),
        });
        Value::Array(fitted.collect())
    }

    fn fit_plain(&mut self, shape: Shape<'_>, node: &Node<'d>, value: &Value) {
        let templated = node.text().is_some_and(|text| text.contains("{{"));
        if let Some(allowed) = shape.at.get("enum").and_then(Value::as_array)
            && !templated
            && !allowed.contains(value)
        {
            let words: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
            let message = format!("{value} is not one of {}", words.join(", "));
            let text = value.as_str().unwrap_or_default();
            let diagnostic = Diagnostic::error(codes::INVALID_INPUT, node.focus(), message)
                .suggest(text, words, None);
            self.report(diagnostic);
        }
        if let Some(number) = value.as_f64() {
            let low = shape.number("minimum").filter(|least| number < *least);
            let high = shape.number("maximum").filter(|most| number > *most);
            if let Some(least) = low {
                self.error(
                    codes::INVALID_INPUT,
                    node.focus(),
                    format!("{value} is less than {least}"),
                );
            }
            if let Some(most) = high {
                self.error(
                    codes::INVALID_INPUT,
                    node.focus(),
                    format!("{value} is more than {most}"),
                );
            }
        }
        if let Some(text) = value.as_str().filter(|_| !templated) {
            self.fit_text(shape, node, text);
        }
    }

    fn fit_text(&mut self, shape: Shape<'_>, node: &Node<'d>, text: &str) {
        let length = text.chars().count() as u64;
        let bound = |keyword: &str| shape.at.get(keyword).and_then(Value::as_u64);
        if let Some(least) = bound("minLength").filter(|least| length < *least) {
            self.error(
                codes::INVALID_INPUT,
                node.focus(),
                format!("at least {least} characters are wanted here"),
            );
        }
        if let Some(most) = bound("maxLength").filter(|most| length > *most) {
            self.error(
                codes::INVALID_INPUT,
                node.focus(),
                format!("at most {most} characters fit here"),
            );
        }
        let pattern = shape.at.get("pattern").and_then(Value::as_str);
        let regex = pattern.and_then(|pattern| regex::Regex::new(pattern).ok());
        if regex.is_some_and(|regex| !regex.is_match(text)) {
            let message = format!("`{text}` does not match {}", pattern.unwrap_or_default());
            self.error(codes::INVALID_INPUT, node.focus(), message);
        }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn words(name: &str) -> &str {
    match name {
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        "string" => "text",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}
