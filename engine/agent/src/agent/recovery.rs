//! What an agent finds of an earlier one's jobs.

use std::fs;

use host_api::node::JobReport;

use super::{Agent, AgentError, Inner, JobHandle, Table, is_job_id, job_error};
use crate::folder::{Found, JobFolder, is_shortage};
use crate::leftovers;

/// A job found by [`Agent::recover`].
#[derive(Debug)]
pub enum Recovered {
    Ended(JobReport),
    Running(JobHandle),
}

impl Agent {
    /// Takes up every job of the directory: what ended is reported, what runs is attached to, what was not begun is begun, and what was
    /// begun and has nobody to tell its end is killed, `Unknown`, and never run again. A folder that is damaged stops none of this.
    /// Blocks to read the directory.
    pub fn recover(&self) -> Result<Vec<Recovered>, AgentError> {
        let ids = self.0.job_ids()?;
        let mut recovered = Vec::with_capacity(ids.len());
        for id in ids {
            let folder = self.0.folder(&id)?;
            let mut table = self.0.table();
            if let Some(entry) = table.jobs.get(&id) {
                let outcome = entry.outcome.clone();
                recovered.push(Recovered::Running(JobHandle { id, outcome }));
                continue;
            }
            match take_stock(&table, &folder)? {
                Found::Nothing => {}
                Found::Ended(report) => recovered.push(Recovered::Ended(report)),
                Found::Lost => {
                    drop(table);
                    recovered.push(Recovered::Ended(lost(&folder)));
                }
                Found::Held => {
                    recovered.push(Recovered::Running(self.attach(&mut table, id, folder, None)?));
                }
                Found::Ready(lock) => {
                    drop(lock);
                    recovered.push(Recovered::Running(self.attach(&mut table, id, folder, None)?));
                }
            }
        }
        Ok(recovered)
    }

    /// Returns the reports of the jobs that ended, or whose end nobody can tell, and that nobody here waits for: what an earlier
    /// process did not [`forget`](Agent::forget). Starts nothing; kills what is left of a job whose end nobody can tell. A folder
    /// that is damaged stops none of this. Blocks to read the directory.
    pub fn left_behind(&self) -> Result<Vec<JobReport>, AgentError> {
        let mut reports = Vec::new();
        for id in self.0.job_ids()? {
            let folder = self.0.folder(&id)?;
            let table = self.0.table();
            if table.jobs.contains_key(&id) {
                continue;
            }
            let found = take_stock(&table, &folder)?;
            drop(table);
            match found {
                Found::Ended(report) => reports.push(report),
                Found::Lost => reports.push(lost(&folder)),
                Found::Nothing | Found::Held | Found::Ready(_) => {}
            }
        }
        Ok(reports)
    }
}

impl Inner {
    /// Returns the ids of all jobs in the directory, in order.
    fn job_ids(&self) -> Result<Vec<String>, AgentError> {
        let directory = &self.jobs_directory;
        let fail = |source| AgentError::Directory { path: directory.clone(), source };
        let mut ids = Vec::new();
        for entry in fs::read_dir(directory).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            if entry.file_type().map_err(fail)?.is_dir() {
                ids.extend(entry.file_name().into_string().ok().filter(|id| is_job_id(id)));
            }
        }
        ids.sort();
        Ok(ids)
    }
}

/// Looks at a folder of which nobody in the table knows, and removes it if nothing was begun in it. The table is held so that
/// nobody records a job there meanwhile.
fn take_stock(_table: &Table, folder: &JobFolder) -> Result<Found, AgentError> {
    let found = match folder.look() {
        Ok(found) => found,
        Err(source) if is_shortage(&source) => return Err(job_error(folder.id(), "look", source)),
        Err(error) => {
            tracing::warn!(job = folder.id(), %error, "a job's folder is damaged");
            folder.judge_unseen()
        }
    };
    if matches!(found, Found::Nothing) {
        tracing::warn!(job = folder.id(), "a folder in which no job was begun is removed");
        if let Err(error) = folder.remove() {
            tracing::warn!(job = folder.id(), %error, "a job's folder cannot be removed");
        }
    }
    Ok(found)
}

/// Returns the report of a job whose shim is gone, and sees that nothing goes on under it.
pub(super) fn lost(folder: &JobFolder) -> JobReport {
    end_leftovers(folder);
    folder.unknown()
}

/// Kills what a shim that is gone left running. What runs after the job's end was left behind on purpose.
pub(super) fn end_leftovers(folder: &JobFolder) {
    let ended =
        folder.is_over().and_then(|over| if over { Ok(()) } else { leftovers::kill(folder) });
    if let Err(error) = ended {
        tracing::warn!(job = folder.id(), %error, "what is left of a job may go on");
    }
}
