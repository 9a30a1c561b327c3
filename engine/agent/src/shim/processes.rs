//! The processes below the shim.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Returns all living descendants. As the shim is a subreaper, none escapes it by its parent's end or by a new session.
pub(super) fn descendants() -> io::Result<BTreeSet<i32>> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // One that ended since the listing has no parent to tell.
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        if let Some((state, parent)) = state_and_parent(&stat)
            && state != "Z"
        {
            children.entry(parent).or_default().push(process);
        }
    }
    let own = i32::try_from(std::process::id()).map_err(io::Error::other)?;
    let mut found = BTreeSet::new();
    let mut next = vec![own];
    while let Some(parent) = next.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if found.insert(*child) {
                next.push(*child);
            }
        }
    }
    Ok(found)
}

/// The name in parentheses may hold anything, also parentheses.
fn state_and_parent(stat: &str) -> Option<(&str, i32)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?, fields.next()?.parse().ok()?))
}

/// Sends a signal to each process that still lives.
pub(super) fn signal_all(processes: &BTreeSet<i32>, signal: Signal) -> io::Result<()> {
    for process in processes {
        match kill(Pid::from_raw(*process), signal) {
            // One with rights above ours cannot be ended; the others must not be spared for it.
            Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::state_and_parent;

    #[test]
    fn a_name_with_parentheses_is_read_over() {
        assert_eq!(state_and_parent("7 (a) (b) S 3 7 7 0"), Some(("S", 3)));
    }
}
