//! The text notation.
