//! What the bench is asked for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench [--json] [--quick] [--dir DIRECTORY] [--only PART]...

  --json            print one JSON document
  --quick           few repetitions: shows that it works, not how fast it is
  --dir DIRECTORY   where data directories are made and removed again; the build folder when absent
  --only PART       disk, floor, sequence, flight, foreach, effects, commands, process, api, triggers;
                    all when absent";

const PARTS: [&str; 10] = [
    "disk", "floor", "sequence", "flight", "foreach", "effects", "commands", "process", "api",
    "triggers",
];

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) json: bool,
    pub(crate) quick: bool,
    pub(crate) directory: PathBuf,
    only: Vec<String>,
}

impl Options {
    /// Parses the arguments; nothing when help is wanted.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let beside = std::env::current_exe().context("cannot find this very program")?;
        let directory = beside.parent().context("this program is in no folder")?.to_owned();
        let mut options = Self { json: false, quick: false, directory, only: Vec::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => options.json = true,
                "--quick" => options.quick = true,
                "--dir" => {
                    let directory = arguments.next().context("`--dir` wants a directory")?;
                    options.directory = std::path::absolute(directory)?;
                }
                "--only" => {
                    let part = arguments.next().context("`--only` wants a part")?;
                    if !PARTS.contains(&part.as_str()) {
                        bail!("there is no part {part:?}");
                    }
                    options.only.push(part);
                }
                "--help" | "-h" => return Ok(None),
                other => bail!("no option {other:?}"),
            }
        }
        Ok(Some(options))
    }

    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    /// Returns how often something is done.
    pub(crate) fn times(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}
