//! Graphviz.

use std::fmt::Write as _;

use crate::picture::diagram::{self, Diagram, Shape};
use crate::plan::{Plan, StepId};

/// Returns the plan as a Graphviz digraph.
pub fn dot(plan: &Plan) -> String {
    let diagram = diagram::of(plan);
    let mut text = format!("digraph \"{}\" {{\n", escape(&diagram.title));
    text.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    write_boxes(&mut text, &diagram, None, false, 1);
    if diagram.boxes.iter().any(|shape| shape.in_finally) {
        text.push_str("  subgraph cluster_finally {\n    label=\"finally\";\n");
        write_boxes(&mut text, &diagram, None, true, 2);
        text.push_str("  }\n");
    }
    for arrow in &diagram.arrows {
        let style = if arrow.dashed { ", style=dashed" } else { "" };
        let label = escape(&arrow.label);
        let _infallible =
            writeln!(text, "  s{} -> s{} [label=\"{label}\"{style}];", arrow.from.0, arrow.to.0);
    }
    text.push_str("}\n");
    text
}

fn write_boxes(
    text: &mut String,
    diagram: &Diagram,
    parent: Option<StepId>,
    in_finally: bool,
    depth: usize,
) {
    let indent = "  ".repeat(depth);
    let inside = |shape: &&Shape| shape.parent == parent && shape.in_finally == in_finally;
    for shape in diagram.boxes.iter().filter(inside) {
        let form = if shape.is_decision { ", shape=diamond" } else { "" };
        let label = format!("{}\\n{}", escape(&shape.name), escape(&shape.note));
        let _infallible = writeln!(text, "{indent}s{} [label=\"{label}\"{form}];", shape.id.0);
        if diagram.boxes.iter().any(|inner| inner.parent == Some(shape.id)) {
            let _infallible = writeln!(text, "{indent}subgraph cluster_s{} {{", shape.id.0);
            let _infallible = writeln!(text, "{indent}  label=\"{}\";", escape(&shape.name));
            write_boxes(text, diagram, Some(shape.id), in_finally, depth + 1);
            let _infallible = writeln!(text, "{indent}}}");
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ")
}
