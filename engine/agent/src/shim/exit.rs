//! The end of a job, left on disk for whoever takes it over.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

use host_api::node::JobReport;

use super::log;
use crate::folder::JobFolder;

/// Between two attempts to write the end.
const PAUSE: Duration = Duration::from_secs(1);
/// After this nobody will make room any more, and the job's end is unknown.
const GIVE_UP: Duration = Duration::from_mins(10);

/// Writes the end, and waits for room on the disk if there is none: a script that fills it and ends well has ended well.
pub(super) fn leave(folder: &JobFolder, report: &JobReport) -> io::Result<()> {
    let Err(error) = folder.write_exit(report) else { return Ok(()) };
    log(format_args!("the end of the job cannot be written yet: {error}"));
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
        && let Err(error) = folder.remove_spools()
    {
        log(format_args!("the outputs cannot be removed to make room: {error}"));
    }
    let give_up_at = Instant::now() + GIVE_UP;
    loop {
        match folder.write_exit(report) {
            Ok(()) => return Ok(()),
            // Somebody removed the folder, and nobody will ask.
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(error),
            Err(error) if Instant::now() >= give_up_at => return Err(error),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}
