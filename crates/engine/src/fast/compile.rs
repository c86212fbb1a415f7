//! Compiles the plans of a catalogue's cards to a [`Program`].

use super::Program;
use super::conditions::{Gate, Ladder};
use super::fixed_point::{Ratio, Scale};
use super::interned::Interned;
use super::offers::{Offer, Redemption};
use super::rank::Packing;
use super::sources::{Sources, earning_rates, spend_ratios};
use crate::category::CATEGORIES;
use crate::plan::{Plan, PlanOption};

impl Program {
    /// Of plans in engine order; none if there is no spend at all for which 64 bits are enough for all the cards.
    pub(crate) fn compile(plans: &[Plan]) -> Option<Self> {
        let mut sources = Sources::new(Scale::for_all(plans.iter().flat_map(spend_ratios)));
        let of_plans: Vec<_> = plans.iter().map(|plan| sources.of_plan(plan)).collect();
        let slots = sources.slots();
        let points_scale = Scale::for_all(plans.iter().flat_map(points_ratios));
        let (mut ladders, mut gates) = (Interned::new(), Interned::new());
        let mut offers = Vec::with_capacity(plans.len());
        for (plan, of_plan) in plans.iter().zip(of_plans) {
            let (first, others) = redemptions(plan, points_scale)?;
            offers.push(Offer {
                slots: slots.numbers(of_plan)?,
                first,
                others,
                weights_e4: weights_e4(plan),
                benefits_paise: plan.benefits_paise,
                joining_fees_paise: plan.joining_fees_paise,
                ladder: u32::try_from(ladders.place(Ladder::from(plan.milestones.as_slice()))).ok()?,
                gate: u32::try_from(gates.place(Gate::from(&plan.eligibility))).ok()?,
            });
        }
        let exact_multipliers_up_to = sources.largest_spend();
        let (spend_scale, lanes, pools) = sources.into_parts();
        let program = Self {
            largest_spend: 0,
            spend_scale,
            lanes,
            pools,
            ladders: ladders.into_items(),
            gates: gates.into_items(),
            points_scale,
            packing: Packing::new(offers.len()),
            offers,
        };
        let largest_spend = program.largest_exact_spend(exact_multipliers_up_to)?;
        Some(Self { largest_spend, ..program })
    }
}

/// Rupees per point of each category, if those that earn differ in it.
fn weights_e4(plan: &Plan) -> Option<Box<[u64; CATEGORIES]>> {
    let mut weights = [0; CATEGORIES];
    for (category, rate) in earning_rates(plan) {
        weights[category] = rate.point_value_e4.cast_unsigned();
    }
    let mut values = earning_rates(plan).map(|(_, rate)| rate.point_value_e4);
    let first = values.next();
    values.any(|value| Some(value) != first).then(|| Box::new(weights))
}

/// Paise for a hundredth of a point, or of a weighted point where the card has weights.
fn points_ratio(plan: &Plan, option: &PlanOption) -> Ratio {
    let value_e4 = match weights_e4(plan) {
        Some(_) => 1,
        None => earning_rates(plan).next().map_or(0, |(_, rate)| rate.point_value_e4),
    };
    Ratio::decimal((value_e4 * option.conversion_rate_e4).cast_unsigned(), 8)
}

fn points_ratios(plan: &Plan) -> impl Iterator<Item = Ratio> {
    plan.options.iter().map(|option| points_ratio(plan, option))
}

/// The first and the others; a plan has at least one option.
fn redemptions(plan: &Plan, scale: Scale) -> Option<(Redemption, Vec<Redemption>)> {
    let mut all = plan.options.iter().map(|option| {
        let factor = scale.factor(points_ratio(plan, option));
        Redemption {
            min_points_e2: option.min_points_e2.cast_unsigned(),
            multiplier: factor.multiplier,
            largest: factor.largest,
        }
    });
    Some((all.next()?, all.collect()))
}
