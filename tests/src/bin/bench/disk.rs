//! What the disk takes for one small durable write, which nothing durable can beat.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::Sample;

const PAGE: usize = 4_096;

pub(crate) fn measure(directory: &Path, options: &Options, report: &mut Report) -> Result<()> {
    let path = directory.join("page");
    let file = File::create(&path)?;
    let page = [7u8; PAGE];
    let mut sample = Sample::default();
    for _ in 0..options.times(1_000, 50) {
        let begun = Instant::now();
        // Always over the same place: what is measured is the flush, as in a log that is reused.
        file.write_all_at(&page, 0)?;
        file.sync_data()?;
        sample.add(begun.elapsed());
    }
    std::fs::remove_file(&path)?;
    report.add(
        "disk: page and fdatasync, p50",
        sample.percentile_ms(50),
        Unit::Milliseconds,
        Bar::None,
    );
    Ok(())
}
