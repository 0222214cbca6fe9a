//! Figures of merit: how evenly a rush shares what it yields.

/// Gini coefficient G = Σᵢⱼ|xᵢ − xⱼ|/(2 n² x̄): 0 where all have the same, (n − 1)/n where one has
/// all.
///
/// The population form, without the factor n/(n − 1) for samples. All with nothing are equal: 0.
/// None for nobody, and where debts outweigh or make up all wealth, which the figure cannot
/// express. Source: Sen (1973), On Economic Inequality, chapter 2.
pub fn gini(wealth: &[f64]) -> Option<f64> {
    if wealth.is_empty() {
        return None;
    }
    if wealth.iter().all(|&each| each == 0.0) {
        return Some(0.0);
    }
    let mut sorted = wealth.to_vec();
    sorted.sort_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    let count = sorted.len() as f64;
    // Σᵢⱼ|xᵢ − xⱼ| = 2 Σ (2i − n − 1) xᵢ in ascending order, i from 1.
    let differences: f64 = (1..)
        .map(f64::from)
        .zip(&sorted)
        .map(|(rank, each): (f64, &f64)| (2.0 * rank - count - 1.0) * each)
        .sum();
    (0.0 < total).then(|| differences / (count * total))
}

/// Share of all wealth in the hands of the richest tenth, rounded up to whole people.
///
/// None for nobody, or without wealth to share.
pub fn richest_tenth_share(wealth: &[f64]) -> Option<f64> {
    let mut sorted = wealth.to_vec();
    sorted.sort_by(|one, other| other.total_cmp(one));
    let total: f64 = sorted.iter().sum();
    let top: f64 = sorted[..sorted.len().div_ceil(10)].iter().sum();
    (0.0 < total).then(|| top / total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_who_has_all_leaves_nothing_to_share() {
        assert_eq!(gini(&[0.0, 0.0, 0.0, 10.0]), Some(0.75));
        assert_eq!(richest_tenth_share(&[0.0, 0.0, 0.0, 10.0]), Some(1.0));
        assert_eq!(gini(&[0.0; 3]), Some(0.0));
        assert_eq!(richest_tenth_share(&[0.0; 3]), None);
        assert_eq!(gini(&[]), None);
        assert_eq!(richest_tenth_share(&[]), None);
        assert_eq!(gini(&[1.0, -3.0]), None);
    }

    proptest! {
        #[test]
        fn gini_is_the_mean_difference_by_its_definition(wealth in prop::collection::vec(0.0..1e6_f64, 1..40)) {
            let count = wealth.len() as f64;
            let mean = wealth.iter().sum::<f64>() / count;
            let differences: f64 = wealth
                .iter()
                .flat_map(|one| wealth.iter().map(move |other| (one - other).abs()))
                .sum();
            let expected = differences / (2.0 * count * count * mean);
            prop_assert!((gini(&wealth).unwrap() - expected).abs() < 1e-9);
        }
    }
}
