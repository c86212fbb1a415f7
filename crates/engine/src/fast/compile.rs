//! Compiles the plans of a catalogue's cards to a [`Program`].

use super::Program;
use super::bands::Bands;
use super::fixed_point::{Ratio, Scale};
use super::gates::Gates;
use super::interned::Interned;
use super::offers::{Earning, Offer, Redemption};
use super::sources::{Sources, earning_rates, spend_ratios};
use crate::category::CATEGORIES;
use crate::exact;
use crate::plan::{Plan, PlanOption};

/// Paise a month in each column, of the typical user that decides in which order the cards are looked at: it decides
/// how soon the ten best are found, not which they are.
const TYPICAL_SPEND_PAISE: [i64; 6] = [250_000, 250_000, 250_000, 250_000, 250_000, 1_500_000];

impl Program {
    /// Of plans in engine order; none if there is no spend at all for which 64 bits are enough for all the cards, or the
    /// tables would be too large.
    pub(crate) fn compile(plans: &[Plan]) -> Option<Self> {
        let mut sources = Sources::new(Scale::for_all(plans.iter().flat_map(spend_ratios)));
        let of_plans = plans.iter().map(|plan| sources.of_plan(plan)).collect::<Option<Vec<_>>>()?;
        let slots = sources.slots()?;
        let points_scale = Scale::for_all(plans.iter().flat_map(points_ratios));
        let order = exact::order_by_net(plans, &TYPICAL_SPEND_PAISE);
        let mut earnings = Interned::new();
        let mut offers = Vec::with_capacity(plans.len());
        let mut cards = vec![(0, 0); plans.len()];
        for place in order.iter().copied() {
            let plan = &plans[place];
            cards[place] = (u32::try_from(offers.len()).ok()?, plan.joining_fees_paise);
            let earning =
                Earning { slots: of_plans[place].map(|source| slots.of(source)), weights_e4: weights_e4(plan) };
            let (first, others) = redemptions(plan, points_scale)?;
            offers.push(Offer {
                earning: u32::try_from(earnings.place(earning)).ok()?,
                place: u32::try_from(place).ok()?,
                first,
                others,
            });
        }
        let exact_multipliers_up_to = sources.largest_spend();
        let (spend_scale, lanes, chains, pools) = sources.into_program(&slots);
        let ordered: Vec<_> = order.iter().map(|place| (*place, &plans[*place])).collect();
        let mut program = Self {
            largest_spend: 0,
            spend_scale,
            lanes,
            chains,
            pools,
            slots: slots.count,
            earnings: earnings.into_items(),
            points_scale,
            offers,
            bands: Bands::new(&ordered)?,
            gates: Gates::new(ordered.iter().map(|(_, plan)| &plan.eligibility)),
            cards,
        };
        program.largest_spend = program.largest_exact_spend(plans, exact_multipliers_up_to)?;
        Some(program)
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
fn redemptions(plan: &Plan, scale: Scale) -> Option<(Redemption, Box<[Redemption]>)> {
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
