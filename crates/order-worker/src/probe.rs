//! Named steps of the worker's way, at which a test can end it.

use std::fmt;

/// A step that was just taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// New entries were read; they are pending from now on.
    Read,
    /// Entries of another worker, or of a former life of this one, were taken over.
    Claimed,
    /// The transaction has begun.
    Begun,
    /// The events are marked as processed.
    Marked,
    /// The orders are written.
    OrdersWritten,
    /// The stock is changed.
    StockTaken,
    /// Everything is written and nothing is committed.
    BeforeCommit,
    /// The transaction is committed and nothing is acknowledged.
    Committed,
    /// The entries are acknowledged.
    Acknowledged,
    /// A dead letter is noted in the database and still in the stream.
    LetterNoted,
    /// An entry was moved to the dead letters.
    Buried,
    /// The stream is about to be trimmed.
    BeforeTrim,
    /// The stream was trimmed.
    Trimmed,
}

impl Step {
    /// Every step.
    pub const ALL: [Step; 13] = [
        Step::Read,
        Step::Claimed,
        Step::Begun,
        Step::Marked,
        Step::OrdersWritten,
        Step::StockTaken,
        Step::BeforeCommit,
        Step::Committed,
        Step::Acknowledged,
        Step::LetterNoted,
        Step::Buried,
        Step::BeforeTrim,
        Step::Trimmed,
    ];

    /// The name by which a test names it.
    pub fn name(self) -> &'static str {
        match self {
            Step::Read => "read",
            Step::Claimed => "claimed",
            Step::Begun => "begun",
            Step::Marked => "marked",
            Step::OrdersWritten => "orders-written",
            Step::StockTaken => "stock-taken",
            Step::BeforeCommit => "before-commit",
            Step::Committed => "committed",
            Step::Acknowledged => "acknowledged",
            Step::LetterNoted => "letter-noted",
            Step::Buried => "buried",
            Step::BeforeTrim => "before-trim",
            Step::Trimmed => "trimmed",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// Who is told of each step.
pub trait Probe: Send + Sync {
    /// A step was taken.
    fn reached(&self, step: Step);
}

/// Nobody is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Probe for Unobserved {
    fn reached(&self, _: Step) {}
}
