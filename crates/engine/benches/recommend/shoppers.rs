//! Users as a shop has them: spend is log-normal, somebody who spends much does so in most categories, and most people
//! leave some categories out.

use cardgenius_engine::user::{Spend, User};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

const SEED: u64 = 20_261_120;

/// Median rupees a month of those who buy in the category, and the share of people who do.
const CATEGORIES: [(f64, f64); 5] = [(2_500.0, 0.85), (1_800.0, 0.75), (1_200.0, 0.55), (800.0, 0.30), (3_000.0, 0.60)];

/// Median rupees a month beyond the five categories.
const OTHER_ONLINE: f64 = 4_000.0;

/// Always the same ones.
pub(crate) fn shoppers(count: usize) -> Vec<User> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    (0..count).map(|_| shopper(&mut random)).collect()
}

fn shopper(random: &mut ChaCha8Rng) -> User {
    let wealth = Normal::new(0.0, 0.7).unwrap().sample(random);
    let mut amount = |median: f64, share: f64| {
        let taste = Normal::new(0.0, 0.8).unwrap().sample(random);
        if random.random_bool(share) { (median * f64::exp(wealth + taste) * 100.0).round() as i64 } else { 0 }
    };
    let [amazon, flipkart, myntra, ajio, grocery] = CATEGORIES.map(|(median, share)| amount(median, share));
    let five = amazon + flipkart + myntra + ajio + grocery;
    // Some purchases are not confirmed: then the confirmed amount is below the sum.
    let confirmed = (five as f64 * 0.95) as i64 + amount(OTHER_ONLINE, 0.8);
    User {
        spend: Spend::Paise([amazon, flipkart, myntra, ajio, grocery, confirmed]),
        monthly_income_paise: None,
        credit_score: None,
    }
}
