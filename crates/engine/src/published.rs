//! What comes out for one user: ten recommendations, and what they refer to.

use crate::category::CATEGORIES;

/// How many cards a user is given.
pub const RANKS: usize = 10;

/// Largest figure that can be published, either way: DECIMAL(12,2) (calculation.md, section 5).
pub const MAX_PUBLISHED: i64 = 999_999_999_999;

/// The ten best cards of one user, rank 1 first.
pub type TopTen = [Recommendation; RANKS];

/// What a row publishes of a card and does not depend on the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedCard {
    /// The catalogue's id; not published, but what operators know the card by.
    pub card_id: String,
    /// Column `card_name`.
    pub card_name: String,
    /// Column `joining_fees`, in paise.
    pub joining_fees_paise: i64,
    /// The options that some user may be given; [`Recommendation::option`] is a place among them.
    pub options: Vec<PublishedOption>,
}

/// How points turn into money, as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedOption {
    /// Column `redemption_method`: the option's `opt_type`, or its `method` where it has none.
    pub method: String,
    /// Column `redemption_rate`, in ten-thousandths.
    pub conversion_rate_e4: u32,
}

/// One row of a user's ten; every figure is within [`MAX_PUBLISHED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recommendation {
    /// Place in [`crate::Engine::cards`].
    pub card: u32,
    /// Place in [`PublishedCard::options`]; none: method NULL, rate 0.
    pub option: Option<u16>,
    /// Column `total_savings_yearly`, in paise.
    pub savings_paise: i64,
    /// Column `total_extra_benefits`, in paise.
    pub extra_benefits_paise: i64,
    /// Column `net_savings`, in paise; may be negative.
    pub net_paise: i64,
    /// Columns `amazon_points` and so on: monthly, in hundredths of a point, by [`crate::category::Category::index`].
    pub points_e2: [i64; CATEGORIES],
}
