//! A target that has no room for the rows for a while.
