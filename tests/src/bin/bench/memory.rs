//! Resident memory of this process, which holds the engine.

use anyhow::{Context, Result};

use crate::report::{Bar, Report, Unit};

pub(crate) fn resident_bytes() -> Result<u64> {
    resident_bytes_of(std::process::id())
}

/// Returns the resident memory of a process.
pub(crate) fn resident_bytes_of(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("cannot read the status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: u64 = kibibytes.context("the status has no VmRSS in kB")?.trim().parse()?;
    Ok(kibibytes * 1_024)
}

pub(crate) fn report(idle_bytes: u64, after_bytes: u64, report: &mut Report) {
    report.add("resident memory, idle", mebibytes(idle_bytes), Unit::Mebibytes, Bar::AtMost(60.0));
    report.add(
        "resident memory, after all of it",
        mebibytes(after_bytes),
        Unit::Mebibytes,
        Bar::None,
    );
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes = bytes as f64;
    bytes / f64::from(1 << 20)
}
