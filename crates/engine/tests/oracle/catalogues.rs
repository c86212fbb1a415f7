//! Generated catalogues: whatever the rules allow, with thresholds and caps where they matter to a given user.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::thresholds::{Cap, Near};

/// The largest amount and number of points of a catalogue, in hundredths.
pub(crate) const LARGEST: i64 = 999_999_999_999;

/// The run's date in every property.
pub(crate) const DATE: &str = "2026-11-20";

/// Out of byte order, out of every collation's order, and not only ASCII.
const IDS: [&str; 17] =
    ["m", "B", "a", "b", "Z", "é", "e", "z", "ß", "_", "a_b", "ab", "日本", "~", "0", "\u{20000}", "\u{ff21}"];

/// How a rate is described; the figures that depend on the user are put in by [`crate::thresholds`].
#[derive(Clone, Debug)]
pub(crate) struct RateDraft {
    pub(crate) base_rate_e6: i64,
    pub(crate) multiplier_e2: Option<i64>,
    pub(crate) point_value_e4: Option<i64>,
    pub(crate) cap_monthly: Cap,
    pub(crate) cap_yearly: Cap,
    pub(crate) accelerated: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct SharedDraft {
    pub(crate) categories: Vec<usize>,
    pub(crate) cap_monthly: Cap,
    pub(crate) cap_yearly: Cap,
    pub(crate) accelerated: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct OptionDraft {
    pub(crate) opt_type: Option<&'static str>,
    pub(crate) conversion_rate_e4: i64,
    pub(crate) min_points: Cap,
}

/// A promotion's multiplier, and from which to which day of November 2026.
pub(crate) type PromotionDraft = (i64, (u32, u32));

#[derive(Clone, Debug)]
pub(crate) struct CardDraft {
    pub(crate) joining_fees_paise: i64,
    pub(crate) rates: [Option<RateDraft>; 6],
    pub(crate) shared: Vec<SharedDraft>,
    pub(crate) options: Vec<OptionDraft>,
    pub(crate) benefits_paise: Option<[i64; 2]>,
    /// Where the annual spend is reached, and the benefit in paise.
    pub(crate) milestones: Vec<(Near, i64)>,
    /// By category.
    pub(crate) promotions: [Vec<PromotionDraft>; 6],
    pub(crate) eligibility: [Option<Near>; 3],
    pub(crate) discontinued: bool,
    /// Instead of all this, the card before it, with this much more in fees and in benefits.
    pub(crate) twin: Option<i64>,
}

/// 10 to 16 active cards, and sometimes discontinued ones: of figures as they are usual, or up to the largest allowed.
pub(crate) fn cards() -> impl Strategy<Value = Vec<CardDraft>> {
    prop_oneof![
        2 => prop::collection::vec(card(Figures::Usual), 10..=16),
        1 => prop::collection::vec(card(Figures::UpToTheLargest), 10..=16),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Figures {
    Usual,
    UpToTheLargest,
}

impl Figures {
    /// Those given, or, where they are allowed, a large one.
    fn or_large(self, usual: BoxedStrategy<i64>, large: BoxedStrategy<i64>) -> BoxedStrategy<i64> {
        match self {
            Self::Usual => usual,
            Self::UpToTheLargest => prop_oneof![15 => usual, 1 => large].boxed(),
        }
    }
}

/// Ids for that many cards, in an order of chance.
pub(crate) fn ids() -> impl Strategy<Value = Vec<&'static str>> {
    Just(IDS.to_vec()).prop_shuffle()
}

fn card(figures: Figures) -> impl Strategy<Value = CardDraft> {
    let rates = prop::array::uniform6(prop::option::weighted(0.8, rate(figures)));
    let earning = (rates, prop::collection::vec(shared(), 0..4));
    let fees = prop_oneof![4 => select(vec![0_i64, 100, 49_900, 50_000, 99_999]), 1 => 0..2_000_000_i64].boxed();
    let fees = figures.or_large(fees, Just(LARGEST).boxed());
    let benefit = prop_oneof![4 => 0..300_000_i64, 1 => select(vec![0_i64, 1])].boxed();
    let benefit = figures.or_large(benefit, prop_oneof![3 => 0..LARGEST / 100, 1 => Just(LARGEST)].boxed());
    let benefits = prop::option::of(prop::array::uniform2(benefit.clone()));
    let milestones = prop::collection::vec((Near::strategy(), benefit), 0..4);
    let conditions = prop::array::uniform3(prop::option::weighted(0.1, Near::strategy()));
    let twin = prop::option::weighted(0.2, select(vec![0_i64, 0, 1, 10_000]));
    let beside = (conditions, prop::bool::weighted(0.05), twin);
    (earning, options(), fees, benefits, milestones, promotions(figures), beside).prop_map(
        |((rates, shared), options, joining_fees_paise, benefits_paise, milestones, promotions, beside)| {
            let (eligibility, discontinued, twin) = beside;
            CardDraft {
                joining_fees_paise,
                rates,
                shared,
                options,
                benefits_paise,
                milestones,
                promotions,
                eligibility,
                discontinued,
                twin,
            }
        },
    )
}

fn multiplier(figures: Figures) -> BoxedStrategy<i64> {
    let usual = prop_oneof![
        6 => select(vec![100_i64, 200, 500, 150, 1_000, 101, 99]),
        2 => select(vec![0_i64, 50, 33, 10, 1]),
        1 => 0..=1_000_i64,
    ];
    figures.or_large(usual.boxed(), prop_oneof![1_000..=10_000_i64, Just(10_000_i64)].boxed())
}

fn rate(figures: Figures) -> impl Strategy<Value = RateDraft> {
    let base_rate = prop_oneof![
        8 => select(vec![10_000_i64, 50_000, 5_000, 20_000, 15_000, 26_667, 33_300, 12_500]),
        1 => select(vec![0_i64, 1]),
        1 => 0..=100_000_i64,
    ];
    let base_rate = figures.or_large(base_rate.boxed(), select(vec![500_000_i64, 999_999, 1_000_000]).boxed());
    let point_value = prop_oneof![
        4 => select(vec![10_000_i64, 2_500, 5_000, 2_667, 3_333]),
        1 => select(vec![0_i64, 1]),
        1 => 0..=20_000_i64,
    ];
    let point_value = figures.or_large(point_value.boxed(), select(vec![500_000_i64, 1_000_000]).boxed());
    let cap = || prop_oneof![3 => Just(Cap::None), 2 => Cap::strategy()];
    let multiplier = prop::option::of(multiplier(figures));
    let point_value = prop::option::weighted(0.3, point_value);
    (base_rate, multiplier, point_value, cap(), cap(), prop::bool::weighted(0.25)).prop_map(
        |(base_rate_e6, multiplier_e2, point_value_e4, cap_monthly, cap_yearly, accelerated)| RateDraft {
            base_rate_e6,
            multiplier_e2,
            point_value_e4,
            cap_monthly,
            cap_yearly,
            accelerated,
        },
    )
}

fn shared() -> impl Strategy<Value = SharedDraft> {
    let categories = prop_oneof![
        4 => subsequence((0..6_usize).collect::<Vec<_>>(), 1..=6).prop_shuffle(),
        1 => subsequence(vec![0_usize, 1, 2], 2..=3).prop_shuffle(),
    ];
    let cap = || prop_oneof![1 => Just(Cap::None), 3 => Cap::strategy()];
    (categories, cap(), cap(), prop::bool::weighted(0.4)).prop_map(
        |(categories, cap_monthly, cap_yearly, accelerated)| SharedDraft {
            categories,
            cap_monthly,
            cap_yearly,
            accelerated,
        },
    )
}

fn options() -> impl Strategy<Value = Vec<OptionDraft>> {
    let conversion_rate = prop_oneof![
        6 => select(vec![10_000_i64, 9_000, 5_000, 5_000, 3_333, 7_500]),
        1 => select(vec![0_i64, 1]),
        1 => 0..=10_000_i64,
    ];
    let min_points = prop_oneof![2 => Just(Cap::None), 3 => Cap::strategy()];
    let option =
        (prop::option::weighted(0.3, select(vec!["Cashback", "Miles"])), conversion_rate, min_points).prop_map(
            |(opt_type, conversion_rate_e4, min_points)| OptionDraft { opt_type, conversion_rate_e4, min_points },
        );
    prop::collection::vec(option, 1..=4)
}

/// Of each category none, one, or two that follow each other; the run's date is the 20th.
fn promotions(figures: Figures) -> impl Strategy<Value = [Vec<PromotionDraft>; 6]> {
    let days = select(vec![
        vec![(20_u32, 20_u32)],
        vec![(1, 20)],
        vec![(20, 30)],
        vec![(1, 19)],
        vec![(21, 30)],
        vec![(1, 19), (20, 30)],
        vec![(1, 20), (21, 30)],
    ]);
    let promotions = (days, multiplier(figures), multiplier(figures))
        .prop_map(|(days, one, other)| [one, other].into_iter().zip(days).collect::<Vec<PromotionDraft>>());
    prop::array::uniform6(prop_oneof![3 => Just(Vec::new()), 1 => promotions])
}
