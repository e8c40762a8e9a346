//! What clients say to servers, and how it is said.
//!
//! Three systems are measured, and two protocols are spoken: that of Redis, and gRPC. The rest of the benchmark does
//! not know which. Both are written and read here by about as little work, for the clients share the processors with
//! the servers that they measure: a client that costs more would make its system look slower.

mod grpc;
mod http2;
mod protobuf;
mod resp;

use grpc::Grpc;

/// How a system is talked to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Speech {
    /// The protocol of Redis, version 2.
    Resp,
    /// etcd's calls of gRPC.
    Grpc,
}

/// A request.
pub(super) enum Ask<'a> {
    /// A durable write of a key and its value.
    Set(&'a [u8], &'a [u8]),
    /// A linearizable read of a key.
    Get(&'a [u8]),
    /// What the server says of itself.
    View,
}

/// A reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// The write is done.
    Stored,
    /// The value that was read.
    Found(Vec<u8>),
    /// There is no such key.
    Missing,
    /// What the server says of itself.
    View(View),
    /// The server did not do it: why, as far as it can be told.
    Refused(String),
}

/// What a server says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct View {
    /// Its own id.
    pub(super) me: u64,
    /// The id of the leader; zero if it knows none.
    pub(super) leader: u64,
    /// Its term.
    pub(super) term: u64,
    /// Up to which index of the log it knows the entries to be committed.
    pub(super) committed: u64,
    /// Up to which it has applied them.
    pub(super) applied: u64,
}

/// One connection's side of what is said: one request at a time.
pub(super) enum Dialogue {
    /// In the protocol of Redis; whether the last request was for a view.
    Resp(bool),
    /// In gRPC.
    Grpc(Box<Grpc>),
}

impl Dialogue {
    /// A dialogue with a server at a port of loopback. Nothing is sent before the first request.
    pub(super) fn new(speech: Speech, port: u16) -> Dialogue {
        match speech {
            Speech::Resp => Dialogue::Resp(false),
            Speech::Grpc => Dialogue::Grpc(Box::new(Grpc::new(port))),
        }
    }

    /// Appends a request to what is sent. The one before must have been answered.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn ask(&mut self, ask: &Ask<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Dialogue::Resp(is_view) => {
                *is_view = matches!(ask, Ask::View);
                resp::ask(ask, out);
                Ok(())
            }
            Dialogue::Grpc(grpc) => grpc.ask(ask, out),
        }
    }

    /// The reply, if what has arrived is all of it; it is removed from what has arrived.
    ///
    /// # Errors
    /// When what has arrived is not understood.
    pub(super) fn answer(&mut self, arrived: &mut Vec<u8>) -> Result<Option<Answer>, String> {
        match self {
            Dialogue::Resp(is_view) => resp::answer(*is_view, arrived),
            Dialogue::Grpc(grpc) => grpc.answer(arrived),
        }
    }
}
