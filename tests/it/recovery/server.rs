//! An HTTP server on loopback that remembers what reached it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A request that arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) key: String,
}

/// Answers `200 ok`; closes the connection without an answer for the first requests of paths that were named to [`Server::drop_first`].
#[derive(Debug, Clone)]
pub(super) struct Server {
    port: u16,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    dropped: Arc<Mutex<Vec<(String, usize)>>>,
    held: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Listens until the test process ends.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (arrived, dropped, held) = (Arc::default(), Arc::default(), Arc::default());
        let server = Self { port, arrived, dropped, held };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, server) = (stream.unwrap(), serving.clone());
                thread::spawn(move || server.serve(&stream));
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Leaves the next `count` requests of `path` without an answer.
    pub(super) fn drop_first(&self, path: &str, count: usize) {
        self.dropped.lock().unwrap().push((path.to_owned(), count));
    }

    /// Keeps those who ask for `path` waiting until they give up.
    pub(super) fn hold(&self, path: &str) {
        self.held.lock().unwrap().push(path.to_owned());
    }

    /// Returns what arrived for `path`, in order.
    pub(super) fn arrived(&self, path: &str) -> Vec<Arrived> {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        arrived.iter().filter(|request| request.path == path).cloned().collect()
    }

    /// A client that is killed leaves a broken connection; there is nobody to tell.
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader) {
            self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            if self.is_dropped(&request.path) {
                return;
            }
            if self.held.lock().unwrap_or_else(PoisonError::into_inner).contains(&request.path) {
                // Nothing more is sent: this returns when the client closes.
                drop(reader.read_to_end(&mut Vec::new()));
                return;
            }
            let mut writer = stream;
            if writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    }

    fn is_dropped(&self, path: &str) -> bool {
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        match dropped.iter_mut().find(|(named, left)| named == path && *left > 0) {
            Some((_, left)) => {
                *left -= 1;
                true
            }
            None => false,
        }
    }
}

/// Returns `None` at the end of the connection, also where a request breaks off.
fn read(reader: &mut impl BufRead) -> Option<Arrived> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|length| *length > 0)?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => value.trim().clone_into(&mut key),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Arrived { method, path, key })
}
