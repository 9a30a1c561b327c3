//! `runwright graph`

use anyhow::Result;
use runbook::action::Catalogue;
use runbook::picture;
use serde_json::json;

use crate::arguments::{Graph, Picture};
use crate::exit::Exit;
use crate::render::Printer;
use crate::source;

pub(crate) fn run(arguments: &Graph, catalogue: &Catalogue, printer: Printer) -> Result<Exit> {
    let found = source::find(&arguments.file)?;
    let plan = source::load(&found, catalogue)?.plan;
    let (format, picture) = match arguments.format {
        Picture::Mermaid => ("mermaid", picture::mermaid(&plan)),
        Picture::Dot => ("dot", picture::dot(&plan)),
        Picture::Svg => ("svg", picture::svg(&plan)),
    };
    printer.result(&json!({ "format": format, "picture": picture }), || picture.clone())?;
    Ok(Exit::Done)
}
