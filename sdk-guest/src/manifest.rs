//! What a component says of itself, as bytes made at compile time.

use crate::WIT_VERSION;
use crate::action::{Action, Effect};
use crate::schema::json::Writer;
use crate::schema::{Node, Schema};

/// A component's manifest.
#[derive(Debug, Clone, Copy)]
pub struct Manifest<'a> {
    /// `vendor:package`.
    pub name: &'a str,
    /// A semantic version.
    pub version: &'a str,
    /// The interfaces beyond `log`, `clock`, `random` and `context` that it imports.
    pub interfaces: &'a [&'a str],
    pub actions: &'a [ActionManifest],
}

/// One action of a component.
#[derive(Debug, Clone, Copy)]
pub struct ActionManifest {
    pub name: &'static str,
    pub summary: &'static str,
    pub effect: Effect,
    pub needs: &'static [&'static str],
    pub inputs: Node,
    pub outputs: Node,
}

impl ActionManifest {
    /// Returns what `A` says of itself.
    pub const fn of<A: Action>() -> Self {
        Self {
            name: A::NAME,
            summary: A::SUMMARY,
            effect: A::EFFECT,
            needs: A::NEEDS,
            inputs: <A::Inputs as Schema>::NODE,
            outputs: <A::Outputs as Schema>::NODE,
        }
    }
}

impl Manifest<'_> {
    /// Returns the length of the JSON text in bytes.
    pub const fn length(&self) -> usize {
        let mut writer = Writer::<0>::new();
        self.write(&mut writer);
        writer.length
    }

    /// Returns the JSON text; `N` must be [`Manifest::length`], anything else does not compile.
    pub const fn render<const N: usize>(&self) -> [u8; N] {
        let mut writer = Writer::<N>::new();
        self.write(&mut writer);
        assert!(writer.length == N, "the array must be as long as the text");
        writer.bytes
    }

    const fn write<const N: usize>(&self, writer: &mut Writer<N>) {
        writer.raw(r#"{"name":"#);
        writer.string(self.name);
        writer.raw(r#","version":"#);
        writer.string(self.version);
        writer.raw(r#","wit":"#);
        writer.string(WIT_VERSION);
        writer.raw(r#","interfaces":"#);
        writer.strings(self.interfaces);
        writer.raw(r#","actions":["#);
        let mut position = 0;
        while position < self.actions.len() {
            if position > 0 {
                writer.raw(",");
            }
            self.actions[position].write(writer);
            position += 1;
        }
        writer.raw("]}");
    }
}

impl ActionManifest {
    const fn write<const N: usize>(&self, writer: &mut Writer<N>) {
        writer.raw(r#"{"name":"#);
        writer.string(self.name);
        writer.raw(r#","summary":"#);
        writer.string(self.summary);
        writer.raw(match self.effect {
            Effect::Pure => r#","effect":"pure","needs":"#,
            Effect::Read => r#","effect":"read","needs":"#,
            Effect::Store => r#","effect":"store","needs":"#,
            Effect::External => r#","effect":"external","needs":"#,
        });
        writer.strings(self.needs);
        writer.raw(r#","inputs":"#);
        writer.node(&self.inputs);
        writer.raw(r#","outputs":"#);
        writer.node(&self.outputs);
        writer.raw("}");
    }
}
