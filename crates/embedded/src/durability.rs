//! Whether commits survive a crash of the machine.

/// Whether commits survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// As a server in production has it: every commit is on disk. What is measured here holds there.
    #[default]
    Production,
    /// Nothing is forced to disk: for tests. Commits still survive a crash of the server, not one of the machine.
    Test,
}
