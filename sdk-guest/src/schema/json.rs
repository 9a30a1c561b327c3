//! Writes JSON at compile time: once to measure, once into an array of that length.

use super::{Field, Node};

/// Bytes written so far. What exceeds `N` is only counted, so a writer of length 0 measures.
pub(crate) struct Writer<const N: usize> {
    pub(crate) bytes: [u8; N],
    pub(crate) length: usize,
}

pub(super) fn text(node: &Node) -> String {
    const BYTES: usize = 64 << 10;
    let mut writer = Writer::<BYTES>::new();
    writer.node(node);
    String::from_utf8_lossy(&writer.bytes[..writer.length.min(BYTES)]).into_owned()
}

impl<const N: usize> Writer<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    const fn byte(&mut self, byte: u8) {
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
    }

    /// Writes JSON that is ready.
    pub(crate) const fn raw(&mut self, json: &str) {
        let bytes = json.as_bytes();
        let mut position = 0;
        while position < bytes.len() {
            self.byte(bytes[position]);
            position += 1;
        }
    }

    /// Writes a JSON string.
    pub(crate) const fn string(&mut self, text: &str) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let bytes = text.as_bytes();
        let mut position = 0;
        self.byte(b'"');
        while position < bytes.len() {
            let byte = bytes[position];
            match byte {
                b'"' | b'\\' => {
                    self.byte(b'\\');
                    self.byte(byte);
                }
                0..=31 => {
                    self.raw("\\u00");
                    self.byte(DIGITS[(byte >> 4) as usize]);
                    self.byte(DIGITS[(byte & 15) as usize]);
                }
                _ => self.byte(byte),
            }
            position += 1;
        }
        self.byte(b'"');
    }

    /// Writes a list of JSON strings.
    pub(crate) const fn strings(&mut self, texts: &[&str]) {
        let mut position = 0;
        self.byte(b'[');
        while position < texts.len() {
            if position > 0 {
                self.byte(b',');
            }
            self.string(texts[position]);
            position += 1;
        }
        self.byte(b']');
    }

    pub(crate) const fn node(&mut self, node: &Node) {
        self.byte(b'{');
        self.members(node);
        self.byte(b'}');
    }

    const fn members(&mut self, node: &Node) {
        match node {
            Node::Any => {}
            Node::Boolean => self.raw(r#""type":"boolean""#),
            Node::Integer => self.raw(r#""type":"integer""#),
            Node::Natural => self.raw(r#""type":"integer","minimum":0"#),
            Node::Number => self.raw(r#""type":"number""#),
            Node::Text => self.raw(r#""type":"string""#),
            Node::Null => self.raw(r#""type":"null""#),
            Node::Pattern(pattern) => {
                self.raw(r#""type":"string","pattern":"#);
                self.string(pattern);
            }
            Node::Choice(names) => {
                self.raw(r#""type":"string","enum":"#);
                self.strings(names);
            }
            Node::List(element) => {
                self.raw(r#""type":"array","items":"#);
                self.node(element);
            }
            Node::Map(value) => {
                self.raw(r#""type":"object","additionalProperties":"#);
                self.node(value);
            }
            Node::Object(fields) => {
                self.object(fields);
                self.raw(r#","additionalProperties":false"#);
            }
            Node::Open(fields) => self.object(fields),
            Node::AnyOf(nodes) => self.any_of(nodes),
            Node::Secret => self.raw(concat!(
                r#""type":"object","properties":{"secret":{"type":"string"}},"required":["secret"],"#,
                r#""additionalProperties":false,"x-runwright-secret":true"#
            )),
        }
    }

    const fn any_of(&mut self, nodes: &[Node]) {
        self.raw(r#""anyOf":["#);
        let mut position = 0;
        while position < nodes.len() {
            if position > 0 {
                self.byte(b',');
            }
            self.node(&nodes[position]);
            position += 1;
        }
        self.byte(b']');
    }

    const fn object(&mut self, fields: &[Field]) {
        self.raw(r#""type":"object","properties":{"#);
        let mut position = 0;
        while position < fields.len() {
            if position > 0 {
                self.byte(b',');
            }
            self.field(&fields[position]);
            position += 1;
        }
        self.raw(r#"},"required":["#);
        let mut position = 0;
        let mut some = false;
        while position < fields.len() {
            if fields[position].required {
                if some {
                    self.byte(b',');
                }
                self.string(fields[position].name);
                some = true;
            }
            position += 1;
        }
        self.byte(b']');
    }

    const fn field(&mut self, field: &Field) {
        self.string(field.name);
        self.raw(":{");
        let mut comma = false;
        if !field.description.is_empty() {
            self.raw(r#""description":"#);
            self.string(field.description);
            comma = true;
        }
        if let Some(default) = field.default {
            if comma {
                self.byte(b',');
            }
            self.raw(r#""default":"#);
            self.raw(default);
            comma = true;
        }
        if comma && !matches!(field.node, Node::Any) {
            self.byte(b',');
        }
        self.members(field.node);
        self.byte(b'}');
    }
}
