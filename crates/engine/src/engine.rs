//! The engine: a catalogue compiled for one date, asked for one user after another.

use chrono::NaiveDate;
use num_bigint::{BigInt, Sign};

use crate::catalogue::{Catalogue, model::Card};
use crate::exact;
use crate::fast::{Program, Workspace};
use crate::plan::Plan;
use crate::published::{PublishedCard, TopTen};
use crate::user::{Spend, User, UserFault};

/// A catalogue, compiled once per run for the run's date. Immutable, and shared by all threads.
#[derive(Debug)]
pub struct Engine {
    /// In engine order.
    cards: Vec<PublishedCard>,
    /// In the same order.
    plans: Vec<Plan>,
    /// What ordinary users are served by.
    program: Option<Program>,
}

/// Working memory of [`Engine::recommend`], so that an ordinary user costs no allocation. One per thread; it may be used
/// with one engine after another.
#[derive(Debug, Default)]
pub struct Scratch {
    workspace: Workspace,
}

impl Engine {
    /// Compiles the active cards of a catalogue; promotions are judged at `date`, both their ends included.
    #[must_use]
    pub fn compile(catalogue: &Catalogue, date: NaiveDate) -> Self {
        let mut active: Vec<&Card> = catalogue.cards().iter().filter(|card| card.active).collect();
        // Engine order: what decides between cards of the same net, so that their place is all that ranking needs.
        active.sort_by(|one, other| {
            (one.joining_fees_paise, one.card_id.as_bytes()).cmp(&(other.joining_fees_paise, other.card_id.as_bytes()))
        });
        let (plans, cards): (Vec<Plan>, _) = active.into_iter().map(|card| Plan::of(card, date)).unzip();
        Self { program: Program::compile(&plans), cards, plans }
    }

    /// The active cards, in engine order: what a row publishes and does not depend on the user.
    #[must_use]
    pub fn cards(&self) -> &[PublishedCard] {
        &self.cards
    }

    /// The ten best cards of one user (calculation.md, sections 3 to 5), rank 1 first.
    ///
    /// # Errors
    ///
    /// Why this user cannot be given ten cards, in the order of section 5. It says nothing about other users.
    pub fn recommend(&self, user: &User, scratch: &mut Scratch) -> Result<TopTen, UserFault> {
        match &user.spend {
            Spend::Paise(paise) if paise.iter().any(|amount| *amount < 0) => Err(UserFault::NegativeSpend),
            Spend::Paise(paise) => self.recommend_ordinary(user, paise, &mut scratch.workspace),
            Spend::Wide { amounts, decimals } => self.recommend_wide(user, amounts, *decimals),
            Spend::NotANumber { negative: true } | Spend::TooLarge { negative: true } => Err(UserFault::NegativeSpend),
            Spend::NotANumber { negative: false } => Err(UserFault::InvalidSpend),
            Spend::TooLarge { negative: false } => Err(exact::too_large(&self.plans, user)),
        }
    }

    fn recommend_ordinary(
        &self,
        user: &User,
        paise: &[i64; 6],
        workspace: &mut Workspace,
    ) -> Result<TopTen, UserFault> {
        if let Some(program) = &self.program
            && let Some(ranked) = program.rank(user, paise, workspace)
        {
            let ranked = ranked?;
            // Written where the caller wants them: copying 800 bytes that were written a moment ago is slow.
            let mut published = Ok(TopTen::default());
            if let Ok(rows) = &mut published {
                program.publish(&ranked, workspace, rows);
            }
            return published;
        }
        exact::recommend(&self.plans, &exact::ordinary(user, paise))
    }

    fn recommend_wide(&self, user: &User, amounts: &[BigInt; 6], decimals: u32) -> Result<TopTen, UserFault> {
        if amounts.iter().any(|amount| amount.sign() == Sign::Minus) {
            return Err(UserFault::NegativeSpend);
        }
        match exact::narrow(user, amounts, decimals) {
            Some(narrow) => exact::recommend(&self.plans, &narrow),
            None => exact::recommend(&self.plans, &exact::wide(user, amounts, decimals)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_amount_that_is_too_large_is_out_of_range_unless_something_else_comes_first() {
        let card = |index: usize| {
            json!({
                "card_id": index.to_string(), "card_name": index.to_string(), "issuer": "A bank",
                "joining_fees": 0, "annual_fees": 0,
                "redemption_options": [{"method": "Cash", "conversion_rate": 1}],
                "eligibility": {"min_credit_score": if index == 0 { 700 } else { 300 }, "min_annual_spend": 1_000_000},
            })
        };
        let text = json!({"cards": (0..10).map(card).collect::<Vec<_>>()}).to_string();
        let catalogue = Catalogue::parse(text.as_bytes()).unwrap();
        let engine = Engine::compile(&catalogue, "2026-11-20".parse().unwrap());
        for (negative, credit_score, fault) in [
            (false, None, UserFault::OutOfRange),
            (false, Some(700), UserFault::OutOfRange),
            (false, Some(699), UserFault::TooFewCards { eligible: 9 }),
            (true, None, UserFault::NegativeSpend),
        ] {
            let user = User { spend: Spend::TooLarge { negative }, monthly_income_paise: None, credit_score };
            assert_eq!(engine.recommend(&user, &mut Scratch::default()).unwrap_err(), fault);
        }
    }

    #[test]
    fn an_engine_is_shared_by_threads() {
        fn is_shared<T: Send + Sync>() {}
        is_shared::<Engine>();
    }
}
