//! The description evaluated on steps, allowed and not, and compared with whatever else knows the answer.

mod agreement;
mod mistakes;
mod naive;
mod vacuity;
mod walk;
mod z3;
