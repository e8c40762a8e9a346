//! Servers as real processes, which are killed, stopped and misused: the command from outside.

mod client;
mod commands;
mod faults;
mod load;
mod log_lines;
mod observe;
mod open_metrics;
mod processes;
mod refusals;
mod whole;
