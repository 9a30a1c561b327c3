//! Parameters and variables.

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{Parameter, ParameterDefault, Schema, ValueType, Variable};
use crate::source::Span;
use crate::value;
use crate::value::bind::{check_default, same};
use crate::value::pattern::Pattern;

const KEYS: &[&str] = &[
    "type",
    "description",
    "default",
    "allowedValues",
    "allowedPattern",
    "displayType",
    "minItems",
    "maxItems",
    "minChars",
    "maxChars",
];
const TYPES: &[&str] = &["String", "StringList", "Integer", "Boolean", "StringMap", "MapList"];

impl<'d> Checker<'d> {
    pub(crate) fn parameters(&mut self, root: &Node<'d>) {
        let Some(node) = root.get("parameters") else { return };
        for (name, node) in self.map(&node).unwrap_or_default() {
            self.name("a parameter", name, node.key_span());
            let parameter = self.parameter(name, &node);
            self.parameters.insert(name.to_owned(), parameter);
        }
    }

    fn parameter(&mut self, name: &str, node: &Node<'d>) -> Parameter {
        let mut parameter = Parameter {
            value_type: ValueType::String,
            description: None,
            default: None,
            allowed_values: Vec::new(),
            allowed_pattern: None,
            min_items: None,
            max_items: None,
            min_chars: None,
            max_chars: None,
        };
        if self.map(node).is_none() {
            return parameter;
        }
        let of_command = self.of_command.then_some("interpolationType");
        let known: Vec<&str> = KEYS.iter().copied().chain(of_command).collect();
        self.keys(node, "a parameter", &known);
        let what = format!("the parameter `{name}`");
        if let Some(stated) = self.required(node, &what, "type") {
            match self.value_type(&stated, true) {
                Some(value_type) => parameter.value_type = value_type,
                None => return parameter,
            }
        }
        parameter.description = self.optional_text(node, "description");
        if let Some(display) = node.get("displayType") {
            self.word(&display, &["textfield", "textarea"]);
        }
        self.constraints(node, &mut parameter);
        if let Some(default) = node.get("default") {
            parameter.default = self.default(&default, &parameter);
        }
        parameter
    }

    /// Reads a type; `Secret` and resource types only where parameters are declared.
    pub(crate) fn value_type(&mut self, node: &Node<'d>, of_parameter: bool) -> Option<ValueType> {
        let text = self.text(node)?;
        let found = match text {
            "String" => ValueType::String,
            "StringList" => ValueType::StringList,
            "Integer" => ValueType::Integer,
            "Boolean" => ValueType::Boolean,
            "StringMap" => ValueType::StringMap,
            "MapList" => ValueType::MapList,
            "Secret" if of_parameter => {
                self.only_0_4("type `Secret`", node.span());
                ValueType::Secret
            }
            resource if of_parameter && is_resource(resource) => {
                ValueType::Resource(resource.to_owned())
            }
            list if of_parameter => {
                match list.strip_prefix("List<").and_then(|t| t.strip_suffix('>')) {
                    Some(resource) if is_resource(resource) => {
                        ValueType::ResourceList(resource.to_owned())
                    }
                    _ => return self.no_type(node, text),
                }
            }
            _ => return self.no_type(node, text),
        };
        Some(found)
    }

    fn no_type(&mut self, node: &Node<'d>, text: &str) -> Option<ValueType> {
        let mut types = TYPES.to_vec();
        if self.schema == Schema::V0_4 {
            types.push("Secret");
        }
        let otherwise = format!("the types are {}", types.join(", "));
        let diagnostic = Diagnostic::error(
            codes::PARAMETER_TYPE,
            node.span(),
            format!("`{text}` is not a type"),
        )
        .suggest(text, types, otherwise);
        self.report(diagnostic);
        None
    }

    fn constraints(&mut self, node: &Node<'d>, parameter: &mut Parameter) {
        let list = matches!(
            parameter.value_type,
            ValueType::StringList
                | ValueType::MapList
                | ValueType::ResourceList(_)
                | ValueType::StringMap
        );
        let text = matches!(parameter.value_type, ValueType::String | ValueType::Resource(_));
        for (key, fits) in
            [("minItems", list), ("maxItems", list), ("minChars", text), ("maxChars", text)]
        {
            let Some(child) = node.get(key) else { continue };
            let number = self.integer(&child, 0..=u64::MAX);
            if !fits {
                let message = format!("`{key}` means nothing for this parameter's type");
                self.error(codes::CONSTRAINT, child.key_span(), message);
            }
            match key {
                "minItems" => parameter.min_items = number,
                "maxItems" => parameter.max_items = number,
                "minChars" => parameter.min_chars = number,
                _ => parameter.max_chars = number,
            }
        }
        for (low, high, key) in [
            (parameter.min_items, parameter.max_items, "maxItems"),
            (parameter.min_chars, parameter.max_chars, "maxChars"),
        ] {
            if let (Some(low), Some(high)) = (low, high)
                && low > high
            {
                let span = node.get(key).map_or_else(|| node.key_span(), |child| child.span());
                let message = format!("the most, {high}, is less than the least, {low}");
                self.error(codes::CONSTRAINT, span, message);
            }
        }
        if let Some(child) = node.get("allowedPattern") {
            parameter.allowed_pattern = self.pattern(&child);
        }
        if let Some(child) = node.get("allowedValues") {
            for allowed in self.list(&child).unwrap_or_default() {
                if !may_be_allowed(allowed.value, &parameter.value_type) {
                    let message = format!("{} is not of the parameter's type", allowed.value);
                    self.error(codes::CONSTRAINT, allowed.focus(), message);
                }
                parameter.allowed_values.push(allowed.value.clone());
            }
        }
    }

    pub(crate) fn pattern(&mut self, node: &Node<'d>) -> Option<String> {
        let text = self.text(node)?;
        match Pattern::parse(text) {
            Ok(_) => Some(text.to_owned()),
            Err(reason) => {
                let diagnostic = Diagnostic::error(
                    codes::ALLOWED_PATTERN,
                    node.span(),
                    format!("the pattern cannot be used: {reason}"),
                )
                .help("a pattern is a regular expression of Java that matches the whole value");
                self.report(diagnostic);
                None
            }
        }
    }

    fn default(&mut self, node: &Node<'d>, parameter: &Parameter) -> Option<ParameterDefault> {
        if parameter.value_type == ValueType::Secret {
            return self.secret_default(node);
        }
        if let Some(text) = node.text()
            && let Some(name) = parameter_store_name(text)
        {
            if !matches!(
                parameter.value_type,
                ValueType::String
                    | ValueType::StringList
                    | ValueType::Resource(_)
                    | ValueType::ResourceList(_)
            ) {
                let message = "only String and StringList parameters can come from Parameter Store";
                self.error(codes::PARAMETER_DEFAULT, node.span(), message);
            }
            return Some(ParameterDefault::ParameterStore(name));
        }
        self.no_reference(node, "the default of a parameter");
        if let Err(mismatch) = value::check_type(node.value, &parameter.value_type) {
            let message = format!("the default does not fit: {mismatch}");
            let integer = parameter.value_type == ValueType::Integer;
            let boolean = parameter.value_type == ValueType::Boolean;
            let quoted = node.text().is_some_and(|text| {
                (integer && text.parse::<i64>().is_ok())
                    || (boolean && matches!(text, "true" | "false"))
            });
            let mut diagnostic = Diagnostic::error(codes::PARAMETER_DEFAULT, node.focus(), message);
            if quoted {
                diagnostic = diagnostic.help("write it without quotes");
            }
            self.report(diagnostic);
        } else {
            self.default_allowed(node, parameter);
        }
        Some(ParameterDefault::Literal(node.value.clone()))
    }

    /// Empty text passes: SSM's documents use it for "not given" beside any pattern.
    fn default_allowed(&mut self, node: &Node<'d>, parameter: &Parameter) {
        let mut parts = node.elements_or_self();
        parts.retain(|part| part.text() != Some(""));
        let pattern = parameter.allowed_pattern.as_deref().filter(|_| !parts.is_empty());
        let pattern = pattern.and_then(|pattern| Pattern::parse(pattern).ok());
        for part in parts {
            let allowed = &parameter.allowed_values;
            let is_allowed = |value: &Value| allowed.iter().any(|one| same(one, value));
            if !allowed.is_empty() && !is_allowed(part.value) && !is_allowed(node.value) {
                let message = format!("the default {} is not among the allowed values", part.value);
                self.unfit_default(part.focus(), message);
            }
            if let (Some(text), Some(pattern)) = (part.text(), &pattern)
                && pattern.matches(text) != Ok(true)
            {
                let message = format!("the default `{text}` does not match the allowed pattern");
                self.unfit_default(part.span(), message);
            }
        }
        let lengths =
            Parameter { allowed_pattern: None, allowed_values: Vec::new(), ..parameter.clone() };
        for reason in check_default(&lengths, node.value) {
            self.error(codes::PARAMETER_DEFAULT, node.focus(), format!("the default {reason}"));
        }
    }

    /// SSM takes a default that its own constraints refuse; a run that falls back on it is refused then.
    fn unfit_default(&mut self, span: Span, message: String) {
        let code = codes::PARAMETER_DEFAULT;
        self.report(match self.schema {
            Schema::V0_3 => Diagnostic::warning(code, span, message),
            Schema::V0_4 => Diagnostic::error(code, span, message),
        });
    }

    fn secret_default(&mut self, node: &Node<'d>) -> Option<ParameterDefault> {
        let name = value::written_secret_name(node.value);
        if let Some(name) = name.filter(|name| value::is_secret_name(name)) {
            return Some(ParameterDefault::Secret(name.to_owned()));
        }
        let diagnostic = Diagnostic::error(
            codes::SECRET,
            node.focus(),
            "the default of a secret is a reference, never the secret itself",
        )
        .help("put it into a SecureString parameter and write `default: { secret: /its/name }`");
        self.report(diagnostic);
        None
    }

    /// Reports references where only plain values stand.
    pub(crate) fn no_reference(&mut self, node: &Node<'d>, what: &str) {
        if node.text().is_some_and(|text| text.contains("{{")) {
            let message = format!("{what} cannot refer to anything");
            self.error(codes::PARAMETER_REFERENCE, node.span(), message);
        }
        for child in node.children() {
            self.no_reference(&child, what);
        }
    }

    pub(crate) fn variables(&mut self, root: &Node<'d>) {
        let Some(node) = root.get("variables") else { return };
        for (name, node) in self.map(&node).unwrap_or_default() {
            self.name("a variable", name, node.key_span());
            let mut variable = Variable { value_type: ValueType::String, default: None };
            if self.map(&node).is_some() {
                self.keys(&node, "a variable", &["type", "default", "description"]);
                let what = format!("the variable `{name}`");
                if let Some(stated) = self.required(&node, &what, "type")
                    && let Some(value_type) = self.value_type(&stated, false)
                {
                    variable.value_type = value_type;
                    variable.default = self.variable_default(&node, &variable.value_type);
                }
            }
            self.variables.insert(name.to_owned(), variable);
        }
    }

    fn variable_default(&mut self, node: &Node<'d>, value_type: &ValueType) -> Option<Value> {
        let default = node.get("default")?;
        self.no_reference(&default, "the default of a variable");
        if let Err(mismatch) = value::check_type(default.value, value_type) {
            let message = format!("the default does not fit: {mismatch}");
            self.error(codes::PARAMETER_DEFAULT, default.focus(), message);
        }
        Some(default.value.clone())
    }
}

/// Documents often write the allowed values of text without quotes.
fn may_be_allowed(allowed: &Value, value_type: &ValueType) -> bool {
    let element = element_type(value_type);
    let types = element.iter().chain([value_type]);
    types.into_iter().any(|value_type| {
        let text = matches!(value_type, ValueType::String | ValueType::Resource(_));
        value::check_type(allowed, value_type).is_ok()
            || (text && (allowed.is_boolean() || allowed.is_number()))
    })
}

fn element_type(value_type: &ValueType) -> Option<ValueType> {
    match value_type {
        ValueType::StringList | ValueType::ResourceList(_) => Some(ValueType::String),
        ValueType::MapList => Some(ValueType::StringMap),
        ValueType::String
        | ValueType::Integer
        | ValueType::Boolean
        | ValueType::StringMap
        | ValueType::Resource(_)
        | ValueType::Secret => None,
    }
}

/// `AWS::EC2::Instance::Id` and the like.
fn is_resource(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.starts_with("AWS::") && text.split("::").count() >= 3 && text.split("::").all(part)
}

/// Returns `name` or `name:version` of a text that is `{{ssm:name}}` and nothing else.
fn parameter_store_name(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let name = inner.strip_prefix("ssm:")?.trim();
    (!name.is_empty() && !name.contains(['{', '}', ' '])).then(|| name.to_owned())
}
