//! Mermaid flowcharts.

use std::fmt::Write as _;

use crate::picture::diagram::{self, Diagram, Shape};
use crate::plan::{Plan, StepId};

/// Returns the plan as a Mermaid flowchart.
pub fn mermaid(plan: &Plan) -> String {
    let diagram = diagram::of(plan);
    let mut text = String::from("flowchart TD\n");
    for shape in diagram.boxes.iter().filter(|shape| shape.parent.is_none() && !shape.in_finally) {
        write_box(&mut text, &diagram, shape, 1);
    }
    if diagram.boxes.iter().any(|shape| shape.in_finally) {
        text.push_str("  subgraph finally\n");
        for shape in diagram.boxes.iter().filter(|shape| shape.parent.is_none() && shape.in_finally)
        {
            write_box(&mut text, &diagram, shape, 2);
        }
        text.push_str("  end\n");
    }
    for arrow in &diagram.arrows {
        let line = if arrow.dashed { "-.->" } else { "-->" };
        let label = if arrow.label.is_empty() {
            String::new()
        } else {
            format!("|{}|", escape(&arrow.label))
        };
        let _infallible = writeln!(text, "  {} {line}{label} {}", key(arrow.from), key(arrow.to));
    }
    text
}

fn write_box(text: &mut String, diagram: &Diagram, shape: &Shape, depth: usize) {
    let indent = "  ".repeat(depth);
    let label = format!("\"{}<br/>{}\"", escape(&shape.name), escape(&shape.note));
    let (open, close) = if shape.is_decision { ("{", "}") } else { ("[", "]") };
    let _infallible = writeln!(text, "{indent}{}{open}{label}{close}", key(shape.id));
    let body: Vec<&Shape> =
        diagram.boxes.iter().filter(|inner| inner.parent == Some(shape.id)).collect();
    if !body.is_empty() {
        let _infallible =
            writeln!(text, "{indent}subgraph body{} [\"{}\"]", shape.id.0, escape(&shape.name));
        for inner in body {
            write_box(text, diagram, inner, depth + 1);
        }
        let _infallible = writeln!(text, "{indent}end");
    }
}

fn key(id: StepId) -> String {
    format!("s{}", id.0)
}

/// Mermaid reads `#NUMBER;` as a character.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_alphanumeric() || " :_-.,/".contains(character) {
            escaped.push(character);
        } else {
            let _infallible = write!(escaped, "#{};", u32::from(character));
        }
    }
    escaped
}
