//! Where generated caps and thresholds lie: by chance, or just at, below or above what a given user comes to.

use proptest::prelude::*;
use proptest::sample::select;

use crate::catalogues::{CardDraft, LARGEST};

/// Somewhere near an amount.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    percent: i64,
    offset: i64,
}

impl Near {
    /// Mostly the amount itself, a hundredth less, or one more.
    pub(crate) fn strategy() -> impl Strategy<Value = Self> {
        (prop_oneof![4 => Just(100_i64), 1 => 0..200_i64], select(vec![-1_i64, 0, 0, 1]))
            .prop_map(|(percent, offset)| Self { percent, offset })
    }

    pub(crate) fn to(self, amount: i64) -> i64 {
        let near = i128::from(amount) * i128::from(self.percent) / 100 + i128::from(self.offset);
        i64::try_from(near.clamp(0, i128::from(LARGEST))).unwrap()
    }
}

/// A cap, or a number of points that is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cap {
    None,
    PointsE2(i64),
    /// Near what the user comes to without it.
    Near(Near),
}

impl Cap {
    pub(crate) fn strategy() -> impl Strategy<Value = Self> {
        prop_oneof![
            1 => Just(Self::PointsE2(0)),
            2 => (0..200_000_i64).prop_map(Self::PointsE2),
            1 => Just(Self::PointsE2(LARGEST)),
            4 => Near::strategy().prop_map(Self::Near),
        ]
    }

    pub(crate) fn points_e2(self, uncapped_e2: i64) -> Option<i64> {
        match self {
            Self::None => None,
            Self::PointsE2(points) => Some(points),
            Self::Near(near) => Some(near.to(uncapped_e2)),
        }
    }
}

impl CardDraft {
    /// Roughly what a category earns a month without any cap, in hundredths. Only a place to aim at: it may be wrong without
    /// harm, and is where promotions end and splits begin.
    pub(crate) fn earned_e2(&self, category: usize, spend_paise: [i64; 6]) -> i64 {
        self.points_e2(category, spend_paise, |multiplier_e4| multiplier_e4)
    }

    /// The same of what multipliers add.
    pub(crate) fn extra_e2(&self, category: usize, spend_paise: [i64; 6]) -> i64 {
        self.points_e2(category, spend_paise, |multiplier_e4| (multiplier_e4 - 10_000).max(0))
    }

    fn points_e2(&self, category: usize, spend_paise: [i64; 6], part: fn(i128) -> i128) -> i64 {
        let Some(rate) = &self.rates[category] else { return 0 };
        let on_the_day = |(_, (from, to)): &&(i64, (u32, u32))| (*from..=*to).contains(&20);
        let promotion = self.promotions[category].iter().find(on_the_day).map_or(100, |(multiplier, _)| *multiplier);
        let multiplier = part(i128::from(rate.multiplier_e2.unwrap_or(100)) * i128::from(promotion));
        let points_e12 = i128::from(spend_paise[category]) * i128::from(rate.base_rate_e6) * multiplier;
        i64::try_from(((points_e12 + 5_000_000_000) / 10_000_000_000).min(i128::from(LARGEST))).unwrap()
    }
}
