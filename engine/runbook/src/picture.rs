//! A plan as a picture, for people: Mermaid, Graphviz and SVG texts.
//!
//! The names of steps are foreign text: each form escapes them, and none can carry a script.

mod diagram;
mod dot;
mod mermaid;
mod svg;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;
