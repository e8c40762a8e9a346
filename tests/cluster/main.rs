//! Servers as real processes, which are killed, stopped and misused: the command from outside.

mod client;
mod commands;
mod faults;
mod full_disk;
mod limits;
mod load;
mod log_lines;
mod observe;
mod open_metrics;
mod processes;
mod proxy;
mod redis_crate;
mod redis_programs;
mod refusals;
mod torture;
mod whole;
