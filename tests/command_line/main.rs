//! The command line from outside: the real program, what it prints, and how it ends.

mod check;
mod coverage;
mod errors;
mod inductive;
mod prove;
mod replay;
mod servers;
mod session;
mod simulate;
mod stops;
mod texts;
