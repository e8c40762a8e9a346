//! The check of client histories: textbook examples, a brute-force checker beside it on thousands of random
//! histories, mistakes that this comparison must notice, and long histories.

mod brute_force;
mod comparison;
mod contracts;
mod examples;
mod generate;
mod long;
mod objects;
