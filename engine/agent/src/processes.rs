//! Processes as `/proc` tells of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process, which may have ended and wait for its parent to take note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: i32,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// When it was started, in ticks since the system was; with the id it names a process as long as the system runs.
    pub(crate) started: u64,
    ended: bool,
}

/// Returns all processes that live.
pub(crate) fn living() -> io::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        processes.extend(process(id).filter(|process| !process.ended));
    }
    Ok(processes)
}

/// Returns the process with an id, if there is one.
pub(crate) fn process(id: i32) -> Option<Process> {
    // One that ended since it was listed tells nothing any more.
    parse(id, &fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// The name in parentheses may hold anything, also parentheses.
fn parse(id: i32, stat: &str) -> Option<Process> {
    /// Between the group and the time of the start.
    const FIELDS_BETWEEN: usize = 16;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let started = fields.nth(FIELDS_BETWEEN)?.parse().ok()?;
    Some(Process { id, parent, group, started, ended })
}

/// Returns all living descendants of this process. As the shim is a subreaper, none escapes it by its parent's end or by a new session.
pub(crate) fn descendants() -> io::Result<BTreeSet<i32>> {
    let own = i32::try_from(std::process::id()).map_err(io::Error::other)?;
    Ok(below(&living()?, [own]))
}

/// Returns what descends from the roots, without those roots that no other is above of.
pub(crate) fn below(processes: &[Process], roots: impl IntoIterator<Item = i32>) -> BTreeSet<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for process in processes {
        children.entry(process.parent).or_default().push(process.id);
    }
    let mut found = BTreeSet::new();
    let mut next: Vec<i32> = roots.into_iter().collect();
    while let Some(parent) = next.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if found.insert(*child) {
                next.push(*child);
            }
        }
    }
    found
}

/// Sends a signal to each process that still lives. Returns those that have rights above ours and cannot be sent any.
pub(crate) fn signal_all(processes: &BTreeSet<i32>, signal: Signal) -> io::Result<BTreeSet<i32>> {
    let mut above = BTreeSet::new();
    for process in processes {
        match kill(Pid::from_raw(*process), signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            // The others must not be spared for it.
            Err(Errno::EPERM) => {
                above.insert(*process);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(above)
}

#[cfg(test)]
mod tests {
    use super::{Process, parse};

    #[test]
    fn a_name_with_parentheses_is_read_over() {
        let stat = "7 (a) (b) S 3 5 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99321 10 11";
        let expected = Process { id: 7, parent: 3, group: 5, started: 99_321, ended: false };
        assert_eq!(parse(7, stat), Some(expected));
    }

    #[test]
    fn this_process_is_the_one_that_the_system_knows() {
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let process = super::process(own).map(|process| (process.id, process.parent));
        assert_eq!(process, Some((own, nix::unistd::getppid().as_raw())));
    }
}
