//! Bounds how deep an expression nests before it is parsed.
//!
//! The parser, the evaluator and every walk over the tree recurse, and one level of evaluation takes several kilobytes of stack.
//! An overflow cannot be caught, so depth is estimated from the text: an upper bound of the tree's depth, counted per bracket from
//! operators that stack up on one another by their precedence.

use crate::template::scan;

/// The deepest expression: forty operators that each work on the result of the one before, or forty brackets in one another.
pub const DEPTH_MAX: usize = 40;

/// How tightly operators bind: members, unary, arithmetic, relations, logic, conditionals.
const PRECEDENCES: usize = 6;

#[derive(Default, Clone, Copy)]
struct Level {
    /// Operators of each precedence that stack up here.
    runs: [usize; PRECEDENCES],
}

impl Level {
    fn operator(&mut self, precedence: usize) {
        self.runs[..precedence].fill(0);
        self.runs[precedence] += 1;
    }

    fn depth(&self) -> usize {
        1 + self.runs.iter().sum::<usize>()
    }
}

/// Returns the byte offset at which the expression becomes too deep.
pub(super) fn too_deep_at(source: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut levels = vec![Level::default()];
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at += 1;
        match bytes[start] {
            b'\'' | b'"' => at = scan::string_end(bytes, start).unwrap_or(bytes.len()),
            b'/' if bytes[start..].starts_with(b"//") => {
                at = bytes[start..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .map_or(bytes.len(), |n| start + n);
            }
            b'(' | b'[' | b'{' => levels.push(Level::default()),
            b')' | b']' | b'}' if levels.len() > 1 => {
                levels.pop();
                operator(&mut levels, 0);
            }
            b',' => operator_reset(&mut levels),
            byte => {
                if let Some(precedence) = precedence(byte, &bytes[at..]) {
                    operator(&mut levels, precedence);
                }
            }
        }
        if levels.iter().map(Level::depth).sum::<usize>() > DEPTH_MAX {
            return Some(start);
        }
    }
    None
}

/// Operators of two bytes are counted at their second, or as the unary operator their first may be.
fn precedence(byte: u8, rest: &[u8]) -> Option<usize> {
    match byte {
        b'.' => Some(0),
        b'!' if rest.first() != Some(&b'=') => Some(1),
        b'+' | b'-' | b'*' | b'/' | b'%' => Some(2),
        b'<' | b'>' | b'=' if rest.first() != Some(&b'=') => Some(3),
        b'&' | b'|' if rest.first() != Some(&byte) => Some(4),
        b'?' if !matches!(rest.first(), Some(b'.')) => Some(5),
        _ => None,
    }
}

fn operator(levels: &mut [Level], precedence: usize) {
    if let Some(level) = levels.last_mut() {
        level.operator(precedence);
    }
}

fn operator_reset(levels: &mut [Level]) {
    if let Some(level) = levels.last_mut() {
        *level = Level::default();
    }
}
