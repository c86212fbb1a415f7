//! Made-up users with realistic spending: log-normal, correlated between categories, with zeros, NULLs and a few faults.

use std::fmt::Write;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Normal};

/// Amounts of a user in paise, in the order of the input's columns; `None` is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// amazon, flipkart, myntra, ajio, grocery, confirmed.
    pub paise: [Option<i64>; 6],
    /// Whether the confirmed amount is NaN, as a NUMERIC can be.
    pub not_a_number: bool,
}

/// Makes up users, one after another; the same seed gives the same users.
#[derive(Debug)]
pub struct Population {
    rng: ChaCha8Rng,
    next: u64,
    /// A user's overall level of spending, in rupees a month.
    level: LogNormal<f64>,
    /// How far a category strays from that level.
    stray: Normal<f64>,
}

/// Share of the level that goes to each of the five categories, on average, and how many users have nothing there.
const CATEGORIES: [(f64, f64); 5] = [(0.30, 0.10), (0.22, 0.18), (0.10, 0.45), (0.06, 0.60), (0.18, 0.30)];

/// Median spend of a month, and its spread, as logarithms of rupees.
const LEVEL: (f64, f64) = (9.1, 1.0);

/// One user in so many has an amount below zero, and one in so many a NaN: what a real table holds after years.
const FAULTY: u32 = 10_000;

/// First made-up user.
const FIRST: u64 = 7_000_001;

impl Population {
    /// Users from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Both are finite and not negative, which is all that these ask for.
        let level = LogNormal::new(LEVEL.0, LEVEL.1).unwrap_or_else(|_| unreachable!());
        let stray = Normal::new(0.0, 0.7).unwrap_or_else(|_| unreachable!());
        Self { rng: ChaCha8Rng::seed_from_u64(seed), next: FIRST, level, stray }
    }

    /// The next user: its key and its spending.
    pub fn user(&mut self) -> (String, Spending) {
        let key = format!("CK{}", self.next);
        self.next += 1;
        (key, self.spending())
    }

    fn spending(&mut self) -> Spending {
        let level = self.level.sample(&mut self.rng);
        let mut paise = [None; 6];
        let mut sum = 0;
        for (amount, (share, nothing)) in paise.iter_mut().zip(CATEGORIES) {
            *amount = self.category(level, share, nothing);
            sum += amount.unwrap_or(0);
        }
        paise[5] = self.confirmed(level, sum);
        let mut not_a_number = false;
        match self.rng.random_range(0..FAULTY) {
            0 => paise[0] = Some(-1 - paise[0].unwrap_or(0)),
            1 => not_a_number = true,
            _ => {}
        }
        Spending { paise, not_a_number }
    }

    fn category(&mut self, level: f64, share: f64, nothing: f64) -> Option<i64> {
        let chance: f64 = self.rng.random();
        if chance < 0.03 {
            return None;
        }
        if chance < 0.03 + nothing {
            return Some(0);
        }
        Some((level * share * self.stray.sample(&mut self.rng).exp() * 100.0) as i64)
    }

    /// In all, usually a little more than the five together; sometimes unknown, sometimes counted a month later.
    fn confirmed(&mut self, level: f64, sum: i64) -> Option<i64> {
        let chance: f64 = self.rng.random();
        if chance < 0.02 {
            return None;
        }
        if chance < 0.07 {
            return Some(sum * 9 / 10);
        }
        Some(sum + (level * 0.25 * self.stray.sample(&mut self.rng).exp() * 100.0) as i64)
    }

    /// The next `users` users as lines of COPY text: key and six amounts.
    #[must_use]
    pub fn copy_lines(&mut self, users: u64) -> String {
        let mut lines = String::new();
        for _ in 0..users {
            let (key, spending) = self.user();
            lines.push_str(&key);
            for (column, amount) in spending.paise.into_iter().enumerate() {
                // Writing to a String cannot fail.
                let _ = match amount {
                    _ if column == 5 && spending.not_a_number => write!(lines, "\tNaN"),
                    Some(paise) => write!(lines, "\t{}{}.{:02}", sign(paise), paise.abs() / 100, paise.abs() % 100),
                    None => write!(lines, "\t\\N"),
                };
            }
            lines.push('\n');
        }
        lines
    }
}

const fn sign(paise: i64) -> &'static str {
    if paise < 0 { "-" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seed: u64) -> Vec<Spending> {
        let mut population = Population::new(seed);
        (0..50_000).map(|_| population.user().1).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_users() {
        assert_eq!(Population::new(7).copy_lines(1_000), Population::new(7).copy_lines(1_000));
        assert_ne!(Population::new(7).copy_lines(1_000), Population::new(8).copy_lines(1_000));
    }

    #[test]
    fn spending_has_zeros_nulls_and_few_faults() {
        let users = sample(1);
        let count = |wanted: &dyn Fn(&Spending) -> bool| users.iter().filter(|user| wanted(user)).count();
        assert!((1_000..2_500).contains(&count(&|user| user.paise[0].is_none())));
        assert!(count(&|user| user.paise[3] == Some(0)) > 25_000);
        let faulty = count(&|user| user.not_a_number || user.paise.iter().flatten().any(|paise| *paise < 0));
        assert!((1..30).contains(&faulty), "{faulty}");
    }

    #[test]
    fn who_spends_much_in_one_category_spends_much_in_another() {
        let users = sample(2);
        let logs: Vec<(f64, f64)> = users
            .iter()
            .filter_map(|user| Some((user.paise[0]?, user.paise[1]?)))
            .filter(|(amazon, flipkart)| *amazon > 0 && *flipkart > 0)
            .map(|(amazon, flipkart)| ((amazon as f64).ln(), (flipkart as f64).ln()))
            .collect();
        let mean = |pick: &dyn Fn(&(f64, f64)) -> f64| logs.iter().map(pick).sum::<f64>() / logs.len() as f64;
        let (mean_x, mean_y) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
        let covariance = mean(&|pair| (pair.0 - mean_x) * (pair.1 - mean_y));
        let spread =
            |pick: &dyn Fn(&(f64, f64)) -> f64, centre: f64| mean(&|pair| (pick(pair) - centre).powi(2)).sqrt();
        let correlation = covariance / (spread(&|pair| pair.0, mean_x) * spread(&|pair| pair.1, mean_y));
        assert!(correlation > 0.5, "{correlation}");
    }
}
