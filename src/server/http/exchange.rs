//! One connection: a request and its answer, within a time and a size.
//!
//! The request is read until its head has ended, and no further: what could follow it has no meaning for GET
//! and HEAD. The answer says that the connection ends, and it does [Fielding22 §9.6].

use super::pages::{Page, page};
use crate::report::Watcher;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// How many bytes the head of a request may have.
pub(super) const HEAD: usize = 8 * 1024;
/// How many header fields it may have.
const FIELDS: usize = 64;
/// How long what follows a request is waited for, so that the answer to it is read before the connection ends.
const LINGER: Duration = Duration::from_millis(200);

/// A connection.
pub(super) struct Exchange<'a> {
    stream: &'a TcpStream,
    until: Instant,
}

/// What is asked for.
#[derive(PartialEq, Eq, Debug)]
struct Asked {
    path: String,
    /// Whether the head of the answer suffices.
    head_only: bool,
}

impl<'a> Exchange<'a> {
    /// A connection that may take so long.
    pub(super) fn new(stream: &'a TcpStream, time: Duration) -> Exchange<'a> {
        Exchange { stream, until: Instant::now() + time }
    }

    /// Reads a request and answers it.
    pub(super) fn answer(&self, watcher: &Watcher) -> io::Result<()> {
        let Some(asked) = self.read()? else { return Ok(()) };
        let (page, head_only) = match asked {
            Ok(Asked { path, head_only }) => (page(&path, || watcher.look()), head_only),
            Err(page) => (page, false),
        };
        tracing::debug!(status = page.status.0, "answered over http");
        self.write(&page, head_only)
    }

    /// The request; or what is to be said of it, if it is none that can be answered. Nothing if nothing came.
    fn read(&self) -> io::Result<Option<Result<Asked, Page>>> {
        let (mut arrived, mut piece) = (Vec::new(), [0; 1024]);
        loop {
            let count = match self.read_some(&mut piece) {
                Err(error) if is_late(&error) => {
                    let late = "the request took too long; send it at once".to_owned();
                    return Ok(Some(Err(Page::error((408, "Request Timeout"), late))));
                }
                other => other?,
            };
            if count == 0 && arrived.is_empty() {
                return Ok(None);
            }
            arrived.extend_from_slice(&piece[..count]);
            if let Some(request) = parse(&arrived) {
                return Ok(Some(request));
            }
            if count == 0 {
                let half =
                    "the request ends before its head does; expected an empty line".to_owned();
                return Ok(Some(Err(Page::bad(half))));
            }
            if arrived.len() > HEAD {
                return Ok(Some(Err(too_large())));
            }
        }
    }

    fn read_some(&self, piece: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left(self.until)?))?;
        let mut stream = self.stream;
        stream.read(piece)
    }

    /// How long is left until a moment; an error if nothing is.
    fn left(&self, until: Instant) -> io::Result<Duration> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    /// Writes the answer, and lets it be read.
    fn write(&self, page: &Page, head_only: bool) -> io::Result<()> {
        let mut out = page.head();
        if !head_only {
            out.extend_from_slice(&page.body);
        }
        let mut rest = out.as_slice();
        while !rest.is_empty() {
            // A request that took all the time there was has its answer all the same.
            let left = self.left(self.until).unwrap_or(LINGER);
            self.stream.set_write_timeout(Some(left))?;
            let mut stream = self.stream;
            let count = stream.write(rest)?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[count..];
        }
        // A connection that is closed while bytes wait to be read is reset, and its answer may be lost.
        self.stream.shutdown(Shutdown::Write)?;
        let until = Instant::now() + LINGER;
        let mut piece = [0; 4096];
        while let Ok(left) = self.left(until) {
            self.stream.set_read_timeout(Some(left))?;
            let mut stream = self.stream;
            if stream.read(&mut piece)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// Whether an error says that the time is over. What such a read is called differs between systems.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn too_large() -> Page {
    let what = format!("the head of a request has at most {HEAD} bytes and {FIELDS} fields");
    Page::error((431, "Request Header Fields Too Large"), what)
}

/// The request at the beginning of what has arrived, once its head is whole.
fn parse(arrived: &[u8]) -> Option<Result<Asked, Page>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(arrived) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(length)) if length > HEAD => return Some(Err(too_large())),
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Some(Err(too_large())),
        Err(error) => {
            let what = format!("no request of HTTP/1.1: {error}; expected GET /status HTTP/1.1");
            return Some(Err(Page::bad(what)));
        }
    }
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let hosts = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case("host"));
    let (hosts, must_have_host) = (hosts.count(), request.version == Some(1));
    if hosts > 1 || (must_have_host && hosts == 0) {
        let what = format!("{hosts} header fields Host; expected one");
        return Some(Err(Page::bad(what)));
    }
    let head_only = match method {
        "GET" => false,
        "HEAD" => true,
        _ => return Some(Err(Page::not_allowed(method))),
    };
    let Some(path) = path(target) else {
        let what = format!("target {target:?}; expected a path, like /status");
        return Some(Err(Page::bad(what)));
    };
    Some(Ok(Asked { path: path.to_owned(), head_only }))
}

/// The path of a target, which is a path with perhaps a query, or a whole address of one.
fn path(target: &str) -> Option<&str> {
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    if path.starts_with('/') {
        return Some(path);
    }
    let (_, rest) =
        path.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http"))?;
    Some(rest.find('/').map_or("/", |at| &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(request: &str) -> Option<Result<Asked, u16>> {
        parse(request.as_bytes()).map(|parsed| parsed.map_err(|page| page.status.0))
    }

    fn asked(path: &str, head_only: bool) -> Option<Result<Asked, u16>> {
        Some(Ok(Asked { path: path.into(), head_only }))
    }

    #[test]
    fn requests_are_read_once_they_are_whole() {
        let whole = "GET /status?pretty HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
        for length in 0..whole.len() {
            assert_eq!(status(&whole[..length]), None, "{length}");
        }
        assert_eq!(status(whole), asked("/status", false));
        assert_eq!(status("HEAD / HTTP/1.0\r\n\r\n"), asked("/", true));
        assert_eq!(status("GET http://a:1/b?c HTTP/1.1\r\nhost: a:1\r\n\r\n"), asked("/b", false));
        assert_eq!(status("GET HTTP://a HTTP/1.1\r\nhost: a\r\n\r\n"), asked("/", false));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let host = "HTTP/1.1\r\nHost: a\r\n\r\n";
        let refused = [
            ("*1\r\n$4\r\nPING\r\n".to_owned(), 400),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n".into(), 400),
            ("GET / HTTP/1.1\r\n\r\n".into(), 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".into(), 400),
            ("GET / HTTP/1.1\r\nHo st: a\r\n\r\n".into(), 400),
            (format!("GET status {host}"), 400),
            (format!("GET * {host}"), 400),
            (format!("GET ftp://a/b {host}"), 400),
            (format!("POST /status {host}"), 405),
            (format!("get /status {host}"), 405),
            (format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "a: b\r\n".repeat(FIELDS)), 431),
            (format!("GET /{} {host}", "a".repeat(HEAD)), 431),
        ];
        for (request, code) in refused {
            assert_eq!(status(&request), Some(Err(code)), "{request:?}");
        }
    }
}
