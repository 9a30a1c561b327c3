//! Where each value of a document stands, from YAML events.

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::{DEPTH_MAX, Limits};
use crate::source::{Index, Span};

/// The place of one value. An alias shares the places of what it repeats.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) span: Span,
    pub(crate) children: Arc<Children>,
}

#[derive(Debug, Clone)]
pub(crate) enum Children {
    None,
    List(Vec<Arc<Place>>),
    Map(BTreeMap<String, Entry>),
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Span,
    pub(crate) value: Arc<Place>,
}

impl Place {
    pub(crate) fn child(&self, key: &str) -> Option<&Arc<Place>> {
        match self.children.as_ref() {
            Children::None => None,
            Children::List(list) => list.get(key.parse::<usize>().ok()?),
            Children::Map(map) => map.get(key).map(|entry| &entry.value),
        }
    }

    pub(crate) fn key(&self, key: &str) -> Option<Span> {
        match self.children.as_ref() {
            Children::None | Children::List(_) => None,
            Children::Map(map) => map.get(key).map(|entry| entry.key),
        }
    }

    pub(crate) fn find(&self, path: &str) -> Option<&Place> {
        let mut place = self;
        for key in path.split('/').skip(1) {
            place = place.child(&unescape(key))?;
        }
        Some(place)
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect(String::new(), &mut paths);
        paths
    }

    fn collect(&self, path: String, paths: &mut Vec<String>) {
        match self.children.as_ref() {
            Children::None => {}
            Children::List(list) => {
                for (number, child) in list.iter().enumerate() {
                    child.collect(format!("{path}/{number}"), paths);
                }
            }
            Children::Map(map) => {
                for (key, entry) in map {
                    entry.value.collect(format!("{path}/{}", escape(key)), paths);
                }
            }
        }
        paths.push(path);
    }
}

/// Writes a key as a part of a path, as JSON pointers do.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the key that a part of a path is written for.
pub fn unescape(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// Reads the places of the one document of a text; what is no sound YAML for us is reported.
pub(crate) fn read(
    text: &str,
    index: &Index,
    limits: &Limits,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Arc<Place>> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        text,
        index,
        diagnostics,
        anchors: BTreeMap::new(),
        merges_left: limits.values,
    };
    reader.document().ok().flatten()
}

/// The error was reported; reading cannot go on.
struct Stop;

struct Reader<'t, 'd> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    index: &'d Index,
    diagnostics: &'d mut Vec<Diagnostic>,
    anchors: BTreeMap<usize, Arc<Place>>,
    /// How many entries merge keys may still add.
    merges_left: usize,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Result<Option<Arc<Place>>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    let message = "a file holds one document, here starts another";
                    let diagnostic = Diagnostic::error(codes::SEVERAL_DOCUMENTS, span, message)
                        .help(
                            "remove the line `---` and what follows, or make it a file of its own",
                        );
                    self.diagnostics.push(diagnostic);
                    return Ok(root);
                }
                Event::Nothing
                | Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => root = Some(self.value(event, span, 0)?),
            }
        }
        if root.is_none() {
            self.report(codes::NOT_A_MAP, Span::default(), "the document is empty");
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let start = self.index.character(span.start.index());
                let end = self.index.character(span.end.index());
                Ok((event, Span { start, end: end.max(start) }))
            }
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn syntax(&mut self, error: &ScanError) -> Stop {
        if let Some(offset) = tab_near(self.text, error) {
            let at = self.index.unmarked_byte(offset);
            let end = self.index.unmarked_byte(offset + 1);
            let message = "a tab stands in the indentation, which is made of spaces";
            self.report(codes::SYNTAX, Span { start: at, end }, message);
            return Stop;
        }
        let at = self.index.character(error.marker().index());
        self.report(codes::SYNTAX, Span { start: at, end: at }, error.info());
        Stop
    }

    fn report(&mut self, code: crate::diagnostic::Code, span: Span, message: &str) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    fn value(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Arc<Place>, Stop> {
        if depth > DEPTH_MAX {
            let message = format!("values nest deeper than {DEPTH_MAX}");
            self.report(codes::TOO_LARGE, span, &message);
            return Err(Stop);
        }
        match event {
            Event::Alias(anchor) => {
                let Some(place) = self.anchors.get(&anchor) else {
                    self.report(codes::SYNTAX, span, "an alias cannot stand inside its own anchor");
                    return Err(Stop);
                };
                Ok(Arc::new(Place { span, children: Arc::clone(&place.children) }))
            }
            Event::Scalar(_, style, anchor, tag) => {
                self.tag(tag.as_deref(), span);
                let span = if style == ScalarStyle::Plain { span } else { trim(span, style) };
                Ok(self.keep(anchor, Place { span, children: Arc::new(Children::None) }))
            }
            Event::SequenceStart(anchor, tag) => {
                self.tag(tag.as_deref(), span);
                let (list, end) = self.list(depth)?;
                let span = Span { start: span.start, end };
                Ok(self.keep(anchor, Place { span, children: Arc::new(Children::List(list)) }))
            }
            Event::MappingStart(anchor, tag) => {
                self.tag(tag.as_deref(), span);
                let (map, end) = self.map(depth)?;
                let span = Span { start: span.start, end };
                Ok(self.keep(anchor, Place { span, children: Arc::new(Children::Map(map)) }))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                self.report(codes::SYNTAX, span, "a value is missing here");
                Err(Stop)
            }
        }
    }

    fn keep(&mut self, anchor: usize, place: Place) -> Arc<Place> {
        let place = Arc::new(place);
        if anchor > 0 {
            self.anchors.insert(anchor, Arc::clone(&place));
        }
        place
    }

    fn tag(&mut self, tag: Option<&Tag>, span: Span) {
        let known = ["str", "int", "bool", "float", "null", "map", "seq"];
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str()))
        {
            let message = format!("the tag `{tag}` is not allowed");
            self.report(codes::TAG, span, &message);
        }
    }

    fn list(&mut self, depth: usize) -> Result<(Vec<Arc<Place>>, crate::source::Position), Stop> {
        let mut list: Vec<Arc<Place>> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                let end = list.last().map_or(span.end, |last| last.span.end);
                return Ok((list, end));
            }
            list.push(self.value(event, span, depth + 1)?);
        }
    }

    /// `DocumentName: {{ Name }}` without quotes is a map whose key is a map.
    fn odd_key(&mut self, span: Span, is_map: bool) -> Stop {
        let message = "a key must be plain text";
        let mut diagnostic = Diagnostic::error(codes::NOT_A_MAP, span, message);
        if is_map {
            diagnostic =
                diagnostic.help("a value that begins with braces stands in quotes: \"{{ Name }}\"");
        }
        self.diagnostics.push(diagnostic);
        Stop
    }

    fn map(
        &mut self,
        depth: usize,
    ) -> Result<(BTreeMap<String, Entry>, crate::source::Position), Stop> {
        let mut map: BTreeMap<String, Entry> = BTreeMap::new();
        let mut merged: Vec<Arc<Place>> = Vec::new();
        let mut last = None;
        loop {
            let (event, key_span) = self.next()?;
            let braced = matches!(event, Event::MappingStart(..));
            let key = match event {
                Event::MappingEnd => {
                    for source in merged {
                        merge(&mut map, &source, &mut self.merges_left);
                    }
                    if self.merges_left == 0 {
                        self.report(codes::TOO_LARGE, key_span, "the merge keys repeat too much");
                        return Err(Stop);
                    }
                    return Ok((map, last.unwrap_or(key_span.end)));
                }
                Event::Scalar(text, _, anchor, tag) => {
                    self.tag(tag.as_deref(), key_span);
                    self.keep(anchor, Place { span: key_span, children: Arc::new(Children::None) });
                    text.into_owned()
                }
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Alias(_)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..) => {
                    return Err(self.odd_key(key_span, braced));
                }
            };
            let (event, span) = self.next()?;
            let value = self.value(event, span, depth + 1)?;
            last = Some(value.span.end);
            if key == "<<" {
                merged.push(value);
                continue;
            }
            if let Some(first) = map.get(&key) {
                let message = format!("the key `{key}` stands here twice");
                let diagnostic = Diagnostic::error(codes::DUPLICATE_KEY, key_span, message)
                    .label(first.key, "first here");
                self.diagnostics.push(diagnostic);
            }
            map.insert(key, Entry { key: key_span, value });
        }
    }
}

/// Returns where the tab stands that the parser complains of: in the indentation of the line it names or of the next that says
/// anything, for a tab after a plain value is seen only when that value goes on.
fn tab_near(text: &str, error: &ScanError) -> Option<usize> {
    if !error.info().contains("tab") {
        return None;
    }
    let at = text.char_indices().nth(error.marker().index()).map_or(text.len(), |(at, _)| at);
    let mut start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let lines = text[start..].split_inclusive('\n');
    for (number, line) in lines.enumerate() {
        let indentation = &line[..line.len() - line.trim_start().len()];
        if let Some(tab) = indentation.find('\t') {
            return Some(start + tab);
        }
        if number > 0 && !line.trim().is_empty() {
            break;
        }
        start += line.len();
    }
    None
}

/// Ends a quoted or block scalar's span at its own end: blocks reach into the next line.
fn trim(span: Span, style: ScalarStyle) -> Span {
    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    if block && span.end.column == 1 && span.end.line > span.start.line {
        let mut end = span.end;
        end.offset = end.offset.saturating_sub(1);
        return Span { start: span.start, end };
    }
    span
}

/// Adds the entries that the map does not state itself, as far as any are left to add.
fn merge(map: &mut BTreeMap<String, Entry>, source: &Place, left: &mut usize) {
    match source.children.as_ref() {
        Children::None => {}
        Children::List(list) => {
            for source in list {
                if *left == 0 {
                    return;
                }
                *left -= 1;
                merge(map, source, left);
            }
        }
        Children::Map(entries) => {
            for (key, entry) in entries {
                if *left == 0 {
                    return;
                }
                *left -= 1;
                map.entry(key.clone()).or_insert_with(|| entry.clone());
            }
        }
    }
}
