//! What a job's scripts left running when the shim that owned them is gone.
//!
//! A process belongs to a job if it carries the job's mark in its environment, if it is in the group of the script that the shim
//! recorded last, or if it descends from one that does. The mark names the folder itself, so that of two data directories, one
//! a copy of the other, neither ends what the other runs.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::folder::JobFolder;
use crate::processes::{Process, below, living, process, signal_all};

/// The variable that every script of a job begins with.
pub(crate) const MARK: &str = "RUNWRIGHT_JOB";

/// How often killed processes are looked for again: new ones may have been born meanwhile.
const KILL_ROUND: Duration = Duration::from_millis(20);
/// After this a process that does not die (it sits in the kernel) is left.
const KILL_GIVE_UP: Duration = Duration::from_secs(10);

/// Records whom a script that was started now leads.
pub(crate) fn record(folder: &JobFolder, leader: i32) -> io::Result<()> {
    let process = process(leader).ok_or(io::ErrorKind::NotFound)?;
    folder.write_group(&line(process, &folder.mark()?)?)
}

/// One line says all, so that half a line matches nobody. The time of a start repeats when the system starts anew.
fn line(leader: Process, mark: &str) -> io::Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(format!("{} {} {} {mark}\n", leader.id, leader.started, boot.trim_end()))
}

/// Kills all that is left of a job. Only for one whose shim is gone, for it would be told the end of its script.
pub(crate) fn kill(folder: &JobFolder) -> io::Result<()> {
    let mark = folder.mark()?;
    let group = recorded_group(folder, &mark)?;
    let give_up_at = Instant::now() + KILL_GIVE_UP;
    loop {
        let left = left(&mark, group)?;
        if left.is_empty() {
            return Ok(());
        }
        let above_us = signal_all(&left, Signal::SIGKILL)?;
        if above_us == left || Instant::now() >= give_up_at {
            return Err(io::Error::other(format!("the processes {left:?} cannot be ended")));
        }
        thread::sleep(KILL_ROUND);
    }
}

/// Returns the group that the shim recorded, if its leader is the process that led it then. Without a leader nobody can
/// tell whose group it is, and the mark decides.
fn recorded_group(folder: &JobFolder, mark: &str) -> io::Result<Option<i32>> {
    let Some(recorded) = folder.group()? else { return Ok(None) };
    let id = recorded.split(' ').next().and_then(|id| id.parse().ok());
    let Some(leader) = id.and_then(process) else { return Ok(None) };
    Ok((line(leader, mark)? == recorded).then_some(leader.id))
}

fn left(mark: &str, group: Option<i32>) -> io::Result<BTreeSet<i32>> {
    let own = i32::try_from(std::process::id()).map_err(io::Error::other)?;
    let mut processes = living()?;
    // A script may have started this very program.
    processes.retain(|process| process.id != own);
    let belongs = |process: &&Process| Some(process.group) == group || carries(process.id, mark);
    let mut left: BTreeSet<i32> =
        processes.iter().filter(belongs).map(|process| process.id).collect();
    let children = below(&processes, left.iter().copied());
    left.extend(children);
    Ok(left)
}

/// One that ended meanwhile, or that we may not look into, carries nothing for us.
fn carries(process: i32, mark: &str) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{process}/environ")) else { return false };
    environment.split(|byte| *byte == 0).any(|variable| {
        let value = variable.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        value == Some(mark.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::process::{Child, Command, Stdio};

    use nix::sys::signal::Signal;

    use super::{kill, line, process};
    use crate::folder::JobFolder;

    fn stranger() -> (Child, i32) {
        let mut command = Command::new("sleep");
        command.arg("1000").stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        (child, id)
    }

    #[test]
    fn only_the_group_that_was_recorded_is_killed() {
        let directory = tempfile::tempdir().unwrap();
        let folder = JobFolder::at(directory.path().to_owned());
        let (mut child, id) = stranger();
        let mut other = process(id).unwrap();
        other.started += 1;
        let mark = folder.mark().unwrap();
        let another_boot = format!("{id} {} another-boot {mark}\n", other.started - 1);
        let another_folder = line(process(id).unwrap(), "another").unwrap();
        for record in [line(other, &mark).unwrap(), another_boot, another_folder, String::new()] {
            folder.write_group(&record).unwrap();
            kill(&folder).unwrap();
            assert_eq!(child.try_wait().unwrap(), None, "{record}");
        }
        super::record(&folder, id).unwrap();
        kill(&folder).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    }
}
