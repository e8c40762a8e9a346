//! As much of HTTP/2 as a client needs that makes one call at a time \[RFC 9113\].
//!
//! It writes the frames of a call, and takes in what the server sends until the call has ended. It is a load
//! generator's client, and no other's: headers of replies are not read, so their compression needs no decoder;
//! requests are shorter than any window and any frame that a server may insist on, so nothing is ever held back;
//! settings of the server are acknowledged and have no effect. What would break these assumptions is an error.
//!
//! It is meant to cost a server as little as the usual clients do, or less. The headers of a call are sent in full
//! once, and afterwards as four numbers, which refer to the table that both sides keep \[RFC 7541\]. Acknowledgements
//! of settings and pings leave with the next call, so they cost no packet of their own.

/// What a client sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How much a server may send before it has to wait for leave.
const WINDOW: u32 = i32::MAX as u32;
/// The window with which a connection begins.
const FIRST_WINDOW: u32 = 65_535;
/// After how many received bytes new leave is given.
const REFILL: u32 = 1 << 24;
/// The longest message that is sent: it fits into one frame of any server, with its prefix.
const LONGEST: usize = 16_000;
/// Type, flags and stream of a frame come after three bytes of length.
const HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

/// Of a frame of data or headers: the last one of its stream.
const END_STREAM: u8 = 1;
/// Of settings and pings: an acknowledgement.
const ACK: u8 = 1;
/// Of headers: they are complete.
const END_HEADERS: u8 = 4;
/// Of data: it is padded.
const PADDED: u8 = 8;

/// A connection.
pub(super) struct Connection {
    authority: String,
    /// The path that the server has in its table, once there was a call.
    known_path: Option<&'static str>,
    stream: u32,
    /// How many bytes the server takes now, on all streams together.
    window: u32,
    /// How many bytes have come since the server was last given leave.
    received: u32,
    /// The data of the call that is under way.
    data: Vec<u8>,
    /// What leaves before the next call.
    waiting: Vec<u8>,
}

impl Connection {
    /// A connection to a port of loopback, of which nothing has been sent.
    pub(super) fn new(port: u16) -> Connection {
        let mut waiting = PREFACE.to_vec();
        let mut settings = Vec::new();
        // No pushes; as much as a window can hold, for each stream.
        for (name, value) in [(2_u16, 0_u32), (4, WINDOW)] {
            settings.extend_from_slice(&name.to_be_bytes());
            settings.extend_from_slice(&value.to_be_bytes());
        }
        write_frame(&mut waiting, SETTINGS, 0, 0, &settings);
        write_frame(&mut waiting, WINDOW_UPDATE, 0, 0, &(WINDOW - FIRST_WINDOW).to_be_bytes());
        Connection {
            authority: format!("127.0.0.1:{port}"),
            known_path: None,
            stream: 1,
            window: FIRST_WINDOW,
            received: 0,
            data: Vec::new(),
            waiting,
        }
    }

    /// Appends a call: a POST of these bytes, as gRPC wants it.
    ///
    /// # Errors
    /// When the bytes are too long, or the server takes no more.
    pub(super) fn call(
        &mut self,
        path: &'static str,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        if body.len() > LONGEST || length > self.window {
            let window = self.window;
            return Err(format!("a request of {length} bytes; expected {LONGEST} and {window}"));
        }
        self.window -= length;
        self.data.clear();
        out.append(&mut self.waiting);
        write_frame(out, HEADERS, END_HEADERS, self.stream, &self.headers(path));
        write_frame(out, DATA, END_STREAM, self.stream, body);
        Ok(())
    }

    /// The compressed headers of a call. The table of fixed entries has POST at 3, http at 6, the names `:path`
    /// at 4, `:authority` at 1 and `content-type` at 31; what is added to it is counted from 62 on, the newest first.
    fn headers(&mut self, path: &'static str) -> Vec<u8> {
        let mut out = vec![0x83, 0x86];
        let text = |out: &mut Vec<u8>, text: &str| {
            // Lengths below 127 are one byte, and a first bit of 0 says that the text is not compressed.
            out.push(text.len() as u8);
            out.extend_from_slice(text.as_bytes());
        };
        match self.known_path {
            Some(known) if known == path => out.extend_from_slice(&[0xc1, 0xc0, 0xbf, 0xbe]),
            Some(_) => {
                // Another path than the first is not added to the table.
                out.push(0x04);
                text(&mut out, path);
                out.extend_from_slice(&[0xc0, 0xbf, 0xbe]);
            }
            None => {
                self.known_path = Some(path);
                out.push(0x44);
                text(&mut out, path);
                out.push(0x41);
                text(&mut out, &self.authority);
                out.push(0x5f);
                text(&mut out, "application/grpc");
                out.push(0x40);
                text(&mut out, "te");
                text(&mut out, "trailers");
            }
        }
        out
    }

    /// Takes in frames that have arrived, and removes them. Returns the data of the call when it has ended; the next
    /// call may begin then.
    ///
    /// # Errors
    /// When the server ends the call or the connection, or sends what is not understood.
    pub(super) fn receive(&mut self, arrived: &mut Vec<u8>) -> Result<Option<&[u8]>, String> {
        let (mut at, mut has_ended) = (0, false);
        while let Some((head, rest)) = arrived[at..].split_at_checked(HEAD) {
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8;
            let length = length | usize::from(head[2]);
            let Some(payload) = rest.get(..length) else { break };
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            has_ended |= self.take(head[3], head[4], stream, payload)?;
            at += HEAD + length;
        }
        arrived.drain(..at);
        if !has_ended {
            return Ok(None);
        }
        self.stream += 2;
        Ok(Some(&self.data))
    }

    /// Takes in a frame. Whether the call has ended with it.
    fn take(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<bool, String> {
        let is_ack = flags & ACK != 0;
        match kind {
            DATA if flags & PADDED != 0 => return Err("padded data; expected none".into()),
            DATA => {
                self.data.extend_from_slice(payload);
                self.received += payload.len() as u32;
                if self.received >= REFILL {
                    let more = self.received.to_be_bytes();
                    write_frame(&mut self.waiting, WINDOW_UPDATE, 0, 0, &more);
                    self.received = 0;
                }
            }
            SETTINGS if !is_ack => write_frame(&mut self.waiting, SETTINGS, ACK, 0, &[]),
            PING if !is_ack => write_frame(&mut self.waiting, PING, ACK, 0, payload),
            WINDOW_UPDATE if stream == 0 => {
                let more = <[u8; 4]>::try_from(payload).map_err(|_| "a window: not a number")?;
                self.window = self.window.saturating_add(u32::from_be_bytes(more));
            }
            RST_STREAM | GOAWAY => {
                let what = if kind == GOAWAY { "connection" } else { "call" };
                return Err(format!("the server has ended the {what}: {}", payload.escape_ascii()));
            }
            // The headers of a reply, acknowledgements, windows of a stream, and what the standard adds.
            _ => (),
        }
        let is_of_call = matches!(kind, DATA | HEADERS) && stream == self.stream;
        Ok(is_of_call && flags & END_STREAM != 0)
    }
}

/// Appends a frame.
fn write_frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write_frame(&mut out, kind, flags, stream, payload);
        out
    }

    /// The frames of a connection's calls, without the preface.
    fn call(connection: &mut Connection, path: &'static str) -> Vec<u8> {
        let mut out = Vec::new();
        connection.call(path, b"body", &mut out).expect("short");
        let rest = out.strip_prefix(PREFACE).map(<[u8]>::to_vec);
        rest.unwrap_or(out)
    }

    #[test]
    fn headers_are_sent_in_full_once() {
        let mut connection = Connection::new(80);
        let first = call(&mut connection, "/a");
        let settings =
            b"\0\0\x0c\x04\0\0\0\0\0\0\x02\0\0\0\0\0\x04\x7f\xff\xff\xff\0\0\x04\x08\0\0\0\0\0\x7f\xff\0\0";
        let headers =
            b"\x83\x86\x44\x02/a\x41\x0c127.0.0.1:80\x5f\x10application/grpc\x40\x02te\x08trailers";
        let expected =
            [&settings[..], &frame(HEADERS, 4, 1, headers), &frame(DATA, 1, 1, b"body")].concat();
        assert_eq!(first.escape_ascii().to_string(), expected.escape_ascii().to_string());
        let ends = |connection: &mut Connection, stream| {
            let mut end = frame(HEADERS, END_STREAM | END_HEADERS, stream, b"\x88");
            assert_eq!(connection.receive(&mut end), Ok(Some(&b""[..])));
        };
        ends(&mut connection, 1);
        let again = [frame(HEADERS, 4, 3, b"\x83\x86\xc1\xc0\xbf\xbe"), frame(DATA, 1, 3, b"body")];
        assert_eq!(call(&mut connection, "/a"), again.concat());
        ends(&mut connection, 3);
        let other =
            [frame(HEADERS, 4, 5, b"\x83\x86\x04\x02/b\xc0\xbf\xbe"), frame(DATA, 1, 5, b"body")];
        assert_eq!(call(&mut connection, "/b"), other.concat());
    }

    #[test]
    fn a_reply_is_complete_wherever_it_is_cut() {
        let pieces = [
            frame(SETTINGS, 0, 0, &[]),
            frame(PING, 0, 0, b"12345678"),
            frame(WINDOW_UPDATE, 0, 0, &7_u32.to_be_bytes()),
            frame(HEADERS, END_HEADERS, 1, b"\x88"),
            frame(DATA, 0, 1, b"one "),
            frame(DATA, 0, 1, b"two"),
            frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x00"),
        ];
        let all = pieces.concat();
        for cut in 0..all.len() {
            let mut connection = Connection::new(80);
            call(&mut connection, "/a");
            let mut arrived = all[..cut].to_vec();
            assert_eq!(connection.receive(&mut arrived), Ok(None), "{cut}");
            arrived.extend_from_slice(&all[cut..]);
            assert_eq!(connection.receive(&mut arrived), Ok(Some(&b"one two"[..])), "{cut}");
            assert!(arrived.is_empty());
            assert_eq!(connection.window, FIRST_WINDOW - 4 + 7);
            let answers = [frame(SETTINGS, ACK, 0, &[]), frame(PING, ACK, 0, b"12345678")].concat();
            assert!(call(&mut connection, "/a").starts_with(&answers), "{cut}");
        }
    }

    #[test]
    fn a_server_that_ends_things_and_one_that_takes_no_more_are_errors() {
        for (kind, flags) in [(RST_STREAM, 0), (GOAWAY, 0), (DATA, PADDED), (WINDOW_UPDATE, 0)] {
            let stream = if kind == WINDOW_UPDATE { 0 } else { 1 };
            let result = Connection::new(80)
                .receive(&mut frame(kind, flags, stream, b"x"))
                .map(|data| data.map(<[u8]>::to_vec));
            assert!(result.is_err(), "{kind}");
        }
        let mut connection = Connection::new(80);
        assert!(connection.call("/a", &[0; LONGEST + 1], &mut Vec::new()).is_err());
        connection.window = 3;
        assert!(connection.call("/a", b"four", &mut Vec::new()).is_err());
    }

    #[test]
    fn new_leave_is_given_before_the_window_is_used_up() {
        let mut connection = Connection::new(80);
        call(&mut connection, "/a");
        connection.received = REFILL - 1;
        assert_eq!(connection.receive(&mut frame(DATA, 0, 1, b"xy")), Ok(None));
        let leave = frame(WINDOW_UPDATE, 0, 0, &(REFILL + 1).to_be_bytes());
        assert!(call(&mut connection, "/a").starts_with(&leave));
    }
}
