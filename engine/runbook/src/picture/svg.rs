//! SVG in layers: each step stands below those it follows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::picture::diagram::{self, Arrow, Diagram, Shape};
use crate::plan::{Plan, StepId};

const BOX_WIDTH: usize = 200;
const BOX_HEIGHT: usize = 48;
const GAP_ACROSS: usize = 32;
const GAP_DOWN: usize = 56;
const MARGIN: usize = 24;
/// Characters that fit into a box.
const NAME_CHARACTERS_MAX: usize = 24;
const NOTE_CHARACTERS_MAX: usize = 30;

const STYLE: &str = "\
text{font-family:sans-serif;text-anchor:middle;fill:#1d2733}\
.name{font-size:13px;font-weight:600}.note,.label{font-size:11px;fill:#5a6775}\
rect{fill:#f4f7fa;stroke:#8595a5;rx:6}.decision{fill:#fff6df;stroke:#c79a2b}.finally{fill:#eef6ee;stroke:#6c9a6c}\
path{fill:none;stroke:#8595a5;stroke-width:1.5}.dashed{stroke-dasharray:5 4}";

/// Returns the plan as an SVG document of its own.
pub fn svg(plan: &Plan) -> String {
    let diagram = diagram::of(plan);
    let places = layout(&diagram);
    let width = places.values().map(|place| place.x + BOX_WIDTH).max().unwrap_or(0) + MARGIN;
    let height = places.values().map(|place| place.y + BOX_HEIGHT).max().unwrap_or(0) + MARGIN;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n"
    );
    let _infallible =
        writeln!(text, "<title>{}</title>\n<style>{STYLE}</style>", escape(&diagram.title));
    text.push_str(
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 8 4 0 8\"/></marker></defs>\n",
    );
    for arrow in &diagram.arrows {
        write_arrow(&mut text, arrow, &places);
    }
    for shape in &diagram.boxes {
        write_box(&mut text, shape, &places);
    }
    text.push_str("</svg>\n");
    text
}

#[derive(Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
}

/// Places each box in the layer below its last predecessor; arrows back to an earlier step do not count.
fn layout(diagram: &Diagram) -> BTreeMap<StepId, Place> {
    let mut layers: BTreeMap<StepId, usize> =
        diagram.boxes.iter().map(|shape| (shape.id, 0)).collect();
    // A path without arrows back has at most as many arrows as there are boxes.
    for _ in 0..diagram.boxes.len() {
        let mut moved = false;
        for arrow in &diagram.arrows {
            let above = layers.get(&arrow.from).copied().unwrap_or(0);
            let below = layers.entry(arrow.to).or_insert(0);
            if *below <= above && above + 1 < diagram.boxes.len().max(2) {
                *below = above + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let main = diagram.boxes.iter().filter(|shape| !shape.in_finally);
    let last = main.filter_map(|shape| layers.get(&shape.id)).max().copied().unwrap_or(0);
    let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for shape in &diagram.boxes {
        let own = layers.get(&shape.id).copied().unwrap_or(0);
        let layer = if shape.in_finally { own + last + 1 } else { own };
        let column = columns.entry(layer).or_insert(0);
        let x = MARGIN + *column * (BOX_WIDTH + GAP_ACROSS);
        let y = MARGIN + layer * (BOX_HEIGHT + GAP_DOWN);
        *column += 1;
        places.insert(shape.id, Place { x, y });
    }
    places
}

fn write_arrow(text: &mut String, arrow: &Arrow, places: &BTreeMap<StepId, Place>) {
    let (Some(from), Some(to)) = (places.get(&arrow.from), places.get(&arrow.to)) else { return };
    let (x1, y1) = (from.x + BOX_WIDTH / 2, from.y + BOX_HEIGHT);
    let (x2, y2) = (to.x + BOX_WIDTH / 2, to.y);
    let bend = GAP_DOWN / 2;
    let class = if arrow.dashed { " class=\"dashed\"" } else { "" };
    let _infallible = writeln!(
        text,
        "<path{class} marker-end=\"url(#tip)\" d=\"M{x1} {y1}C{x1} {} {x2} {} {x2} {y2}\"/>",
        y1 + bend,
        y2.saturating_sub(bend)
    );
    if !arrow.label.is_empty() {
        let _infallible = writeln!(
            text,
            "<text class=\"label\" x=\"{}\" y=\"{}\">{}</text>",
            usize::midpoint(x1, x2),
            usize::midpoint(y1, y2),
            escape(&arrow.label)
        );
    }
}

fn write_box(text: &mut String, shape: &Shape, places: &BTreeMap<StepId, Place>) {
    let Some(place) = places.get(&shape.id) else { return };
    let class = match (shape.is_decision, shape.in_finally) {
        (true, _) => " class=\"decision\"",
        (false, true) => " class=\"finally\"",
        (false, false) => "",
    };
    let middle = place.x + BOX_WIDTH / 2;
    let _infallible = writeln!(
        text,
        "<g><title>{}: {}</title><rect{class} x=\"{}\" y=\"{}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\"/>\
         <text class=\"name\" x=\"{middle}\" y=\"{}\">{}</text><text class=\"note\" x=\"{middle}\" y=\"{}\">{}</text></g>",
        escape(&shape.name),
        escape(&shape.note),
        place.x,
        place.y,
        place.y + 20,
        escape(&shorten(&shape.name, NAME_CHARACTERS_MAX)),
        place.y + 36,
        escape(&shorten(&shape.note, NOTE_CHARACTERS_MAX)),
    );
}

fn shorten(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters_max - 1).collect();
    format!("{kept}…")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
