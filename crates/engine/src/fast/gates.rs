//! Who may have a card, by income and credit score; the annual spend is judged by its band.

use crate::catalogue::model::Eligibility;
use crate::user::User;

/// By card, the least of both; what is not given is the smallest number.
#[derive(Debug)]
pub(super) struct Gates {
    gates: Vec<Gate>,
    /// A user that clears this gate clears all of them.
    highest: Gate,
}

#[derive(Clone, Copy, Debug)]
struct Gate {
    monthly_income_paise: i64,
    credit_score: i64,
}

impl Gate {
    fn admits(&self, standing: &Gate) -> bool {
        standing.monthly_income_paise >= self.monthly_income_paise && standing.credit_score >= self.credit_score
    }
}

impl Gates {
    pub(super) fn new<'a>(eligibilities: impl Iterator<Item = &'a Eligibility>) -> Self {
        let gate = |eligibility: &Eligibility| Gate {
            monthly_income_paise: eligibility.min_monthly_income_paise.unwrap_or(i64::MIN),
            credit_score: eligibility.min_credit_score.map_or(i64::MIN, i64::from),
        };
        let gates: Vec<Gate> = eligibilities.map(gate).collect();
        let highest = |of: fn(&Gate) -> i64| gates.iter().map(of).max().unwrap_or(i64::MIN);
        let highest = Gate {
            monthly_income_paise: highest(|gate| gate.monthly_income_paise),
            credit_score: highest(|gate| gate.credit_score),
        };
        Self { gates, highest }
    }

    /// By card, whether the user is admitted; none if to all. What is unknown does not exclude.
    pub(super) fn judge(&self, user: &User) -> Option<impl Iterator<Item = bool>> {
        let standing = Gate {
            monthly_income_paise: user.monthly_income_paise.unwrap_or(i64::MAX),
            credit_score: user.credit_score.unwrap_or(i64::MAX),
        };
        let judged = self.gates.iter().map(move |gate| gate.admits(&standing));
        (!self.highest.admits(&standing)).then_some(judged)
    }
}
