//! JSON Schemas as constants.
//!
//! A schema is a tree of references known at compile time, so that a component's manifest is bytes in the file and
//! nothing is computed at run time. It uses `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`,
//! `anyOf`, `minimum`, `pattern`, `description` and `default`.

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) mod json;

/// A type with a JSON Schema.
pub trait Schema {
    const NODE: Node;
    /// Whether a field of this type must be given.
    const REQUIRED: bool = true;
}

/// A JSON Schema.
#[derive(Debug, Clone, Copy)]
pub enum Node {
    /// Any JSON value.
    Any,
    Boolean,
    Integer,
    /// An integer that is not negative.
    Natural,
    Number,
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    List(&'static Node),
    /// An object with any names and values of one schema.
    Map(&'static Node),
    /// An object with these names and no others.
    Object(&'static [Field]),
    /// An object with these names, and any others.
    Open(&'static [Field]),
    AnyOf(&'static [Node]),
    /// Text that matches a regular expression.
    Pattern(&'static str),
    /// `{ secret: HANDLE }`.
    Secret,
    Null,
}

/// One name of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    /// Empty when there is none.
    pub description: &'static str,
    pub required: bool,
    /// A JSON text.
    pub default: Option<&'static str>,
    pub node: &'static Node,
}

impl Node {
    /// Returns the schema as JSON text.
    pub fn to_json(self) -> String {
        json::text(&self)
    }
}

macro_rules! plain {
    ($($node:ident: $($name:ty),+;)+) => {
        $($(impl Schema for $name {
            const NODE: Node = Node::$node;
        })+)+
    };
}

plain! {
    Any: Value;
    Boolean: bool;
    Integer: i8, i16, i32, i64;
    Natural: u8, u16, u32, u64;
    Number: f32, f64;
    Text: String;
    Null: ();
}

impl<T: Schema> Schema for Option<T> {
    const NODE: Node = T::NODE;
    const REQUIRED: bool = false;
}

impl<T: Schema> Schema for Box<T> {
    const NODE: Node = T::NODE;
    const REQUIRED: bool = T::REQUIRED;
}

impl<T: Schema> Schema for Vec<T> {
    const NODE: Node = Node::List(&T::NODE);
}

impl<T: Schema> Schema for BTreeMap<String, T> {
    const NODE: Node = Node::Map(&T::NODE);
}

impl Schema for serde_json::Map<String, Value> {
    const NODE: Node = Node::Map(&Node::Any);
}
