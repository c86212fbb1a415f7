//! What the engine is told of one user.

use num_bigint::BigInt;

/// Amounts of the six input columns, in this order: amazon, flipkart, myntra, ajio, grocery, confirmed.
/// NULL has become zero (calculation.md, section 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spend {
    /// The ordinary case: each is a whole number of paise within DECIMAL(12,2), so at most 999,999,999,999 either way.
    Paise([i64; 6]),
    /// What a wider NUMERIC can hold: each is `amounts[i] / 10^decimals` rupees, taken exactly as it stands.
    Wide {
        /// Unscaled amounts.
        amounts: Box<[BigInt; 6]>,
        /// Decimals that all six share.
        decimals: u32,
    },
    /// One of the six is NaN or an infinity. `negative` says that another of them is below zero, which is judged first.
    NotANumber {
        /// Whether a finite one of the six is below zero.
        negative: bool,
    },
    /// All six are finite, and one of them is so large that nobody wants to calculate with it (calculation.md, section 1): no
    /// figure of it could be published.
    TooLarge {
        /// Whether one of the six is below zero.
        negative: bool,
    },
}

/// One user, as far as the calculation is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Monthly spend.
    pub spend: Spend,
    /// Monthly income in whole paise, rounded down (a threshold is a whole number of paise, so nothing is lost);
    /// unknown does not exclude.
    pub monthly_income_paise: Option<i64>,
    /// Credit score, rounded down; unknown does not exclude.
    pub credit_score: Option<i64>,
}

/// Largest amount of [`Spend::Paise`], either way: DECIMAL(12,2).
pub const MAX_PAISE: i64 = 999_999_999_999;

/// Why a user cannot be given ten cards; the text is what `processing_error` says (calculation.md, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UserFault {
    /// One of the six amounts is below zero.
    #[error("negative spend")]
    NegativeSpend,
    /// One of the six amounts is NaN or an infinity.
    #[error("invalid spend")]
    InvalidSpend,
    /// Fewer than ten active cards accept this user.
    #[error("only {eligible} eligible cards, 10 needed")]
    TooFewCards {
        /// How many do.
        eligible: usize,
    },
    /// A published figure of the ten rows does not fit DECIMAL(12,2).
    #[error("out of range")]
    OutOfRange,
}
