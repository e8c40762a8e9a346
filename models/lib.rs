//! Placeholder while the workspace is laid out.

pub mod quorum_without_leader;
