//! The median.

/// The middle of some figures, or the mean of the two in the middle; none of none.
pub fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let (before, middle) = (figures.len().checked_sub(1)? / 2, figures.len() / 2);
    Some(f64::midpoint(*figures.get(before)?, *figures.get(middle)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_the_mean_of_the_two_middle_ones() {
        assert_eq!(median([]), None);
        assert_eq!(median([4.0]), Some(4.0));
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([8.0, 1.0, 2.0, 4.0]), Some(3.0));
    }
}
