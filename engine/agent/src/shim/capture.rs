//! What a script puts out on one stream: the beginning for the report, more of it in a spool file, the rest counted.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, PipeReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

const TRUNCATED: &str = "--output truncated--";
const BYTES_PER_CHARACTER_MAX: usize = 4;

#[derive(Debug)]
pub(super) struct Capture {
    /// `None` after the end of the stream.
    pub(super) pipe: Option<PipeReader>,
    characters_max: usize,
    head: Vec<u8>,
    head_bytes_max: usize,
    spool_path: PathBuf,
    spool: Option<File>,
    spool_bytes_left: u64,
    spool_error: Option<String>,
    total_bytes: u64,
}

impl Capture {
    /// `pipe` does not block.
    pub(super) fn new(
        pipe: PipeReader,
        spool_path: PathBuf,
        characters_max: usize,
        spool_bytes_max: u64,
    ) -> Self {
        Self {
            pipe: Some(pipe),
            characters_max,
            head: Vec::new(),
            head_bytes_max: (characters_max + 1) * BYTES_PER_CHARACTER_MAX,
            spool_path,
            spool: None,
            spool_bytes_left: spool_bytes_max,
            spool_error: None,
            total_bytes: 0,
        }
    }

    /// Takes what is in the pipe, at most 64 times 16 KiB, so that nobody is kept waiting.
    pub(super) fn drain(&mut self) {
        let mut buffer = [0; 16 << 10];
        for _ in 0..64 {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(count) => self.take(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.spool_error = Some(error.to_string());
                    self.pipe = None;
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.total_bytes += bytes.len() as u64;
        let room = self.head_bytes_max - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let room = usize::try_from(self.spool_bytes_left).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        if kept.is_empty() || self.spool_error.is_some() {
            return;
        }
        self.spool_bytes_left -= kept.len() as u64;
        let written = match &mut self.spool {
            Some(file) => file.write_all(kept),
            None => OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&self.spool_path)
                .and_then(|file| self.spool.insert(file).write_all(kept)),
        };
        if let Err(error) = written {
            self.spool_error = Some(error.to_string());
        }
    }

    /// Returns the report's text, and why the spool is not complete, if it is not.
    pub(super) fn finish(mut self) -> (String, Option<String>) {
        let whole = self.total_bytes == self.head.len() as u64;
        if !whole {
            let cut = self.head.utf8_chunks().last();
            let incomplete = cut.map_or(0, |chunk| chunk.invalid().len());
            self.head.truncate(self.head.len() - incomplete);
        }
        let text = String::from_utf8_lossy(&self.head).into_owned();
        if whole && text.chars().count() <= self.characters_max {
            return (text, self.spool_error);
        }
        let kept = self.characters_max.saturating_sub(TRUNCATED.len());
        let mut cut: String = text.chars().take(kept).collect();
        cut.push_str(TRUNCATED);
        (cut, self.spool_error)
    }
}
