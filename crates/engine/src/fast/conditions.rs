//! What depends on the user's annual spend, income and score, and is the same for many cards.

use crate::catalogue::model::{Eligibility, Milestone};

/// What the conditions of a card are judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) annual_spend_paise: i64,
    /// The largest number where it is unknown: what is unknown does not exclude.
    pub(super) monthly_income_paise: i64,
    /// The same.
    pub(super) credit_score: i64,
}

/// Who may have a card; a condition that is not given is the smallest number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Gate {
    min_annual_spend_paise: i64,
    min_monthly_income_paise: i64,
    min_credit_score: i64,
}

impl From<&Eligibility> for Gate {
    fn from(eligibility: &Eligibility) -> Self {
        Self {
            min_annual_spend_paise: eligibility.min_annual_spend_paise.unwrap_or(i64::MIN),
            min_monthly_income_paise: eligibility.min_monthly_income_paise.unwrap_or(i64::MIN),
            min_credit_score: eligibility.min_credit_score.map_or(i64::MIN, i64::from),
        }
    }
}

impl Gate {
    pub(super) fn is_open(&self, standing: &Standing) -> bool {
        // Not short-circuited: three comparisons cost less than one branch that is guessed wrongly.
        (standing.annual_spend_paise >= self.min_annual_spend_paise)
            & (standing.monthly_income_paise >= self.min_monthly_income_paise)
            & (standing.credit_score >= self.min_credit_score)
    }
}

/// The milestones of a card.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ladder {
    /// Annual spend and benefit, in paise.
    steps: Vec<(i64, i64)>,
}

impl From<&[Milestone]> for Ladder {
    fn from(milestones: &[Milestone]) -> Self {
        let step = |milestone: &Milestone| (milestone.annual_spend_paise, milestone.benefit_value_paise);
        Self { steps: milestones.iter().map(step).collect() }
    }
}

impl Ladder {
    pub(super) fn benefit_paise(&self, standing: &Standing) -> i64 {
        let reached = |(spend, benefit): &(i64, i64)| if standing.annual_spend_paise >= *spend { *benefit } else { 0 };
        self.steps.iter().map(reached).sum()
    }

    pub(super) fn largest_benefit_paise(&self) -> i64 {
        self.steps.iter().map(|(_, benefit)| benefit).sum()
    }
}
