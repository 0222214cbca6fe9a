//! How far a computed value may lie from the expected one.
//!
//! A tolerance is an object: `rel` and `abs` hold for all values of a case, `abs_acceleration_m_s2`
//! or `surplus_abs` for those with that word in their key, a bare key for that value, absolutely.
//! Of several that apply one must be kept. A `rule` with the words "within a factor x" allows that
//! ratio either way; if it speaks of "the capped numbers", keys that do not begin so only inform.
//! Other texts explain, and change nothing. Where nothing applies, a millionth is allowed.

use serde_json::{Map, Value};

const DEFAULT_REL: f64 = 1e-6;

/// The tolerance of one case.
pub(super) struct Tolerance<'a> {
    rules: Option<&'a Map<String, Value>>,
}

/// What is allowed for one value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Allowance {
    rel: Option<f64>,
    abs: Option<f64>,
}

impl<'a> Tolerance<'a> {
    pub(super) fn new(tolerance: Option<&'a Value>) -> Self {
        Self {
            rules: tolerance.and_then(Value::as_object),
        }
    }

    /// Whether a computed value is as expected.
    ///
    /// # Errors
    /// A sentence with both values and the allowance.
    pub(super) fn check(
        &self,
        key: &str,
        expected: &Value,
        computed: &Value,
    ) -> Result<(), String> {
        if let Some(rule) = self.factor_rule() {
            return rule.check(key, expected, computed);
        }
        let allowance = self.allowance(key);
        let equal = match (vector(expected), vector(computed)) {
            // The components of a vector mean nothing by themselves: one that is small against the
            // others need not have as many right digits.
            (Some(one), Some(other)) if key.starts_with("acceleration") => {
                let length =
                    |vector: &[f64]| vector.iter().map(|part| part * part).sum::<f64>().sqrt();
                let off: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a - b).collect();
                one.len() == other.len() && allowance.permits(length(&off), length(&one))
            }
            _ => allowance.equates(expected, computed),
        };
        if equal {
            return Ok(());
        }
        let Allowance { rel, abs } = allowance;
        let allowed = match (rel, abs) {
            (Some(rel), Some(abs)) => format!("{rel} of it or {abs}"),
            (Some(rel), None) => format!("{rel} of it"),
            (None, Some(abs)) => abs.to_string(),
            (None, None) => "nothing".into(),
        };
        Err(format!(
            "{key} is {computed} and expected to be {expected} within {allowed}"
        ))
    }

    fn factor_rule(&self) -> Option<FactorRule<'a>> {
        let text = self.rules?.get("rule")?.as_str()?;
        let (_, after) = text.split_once("factor ")?;
        let number: String = after
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        let factor: f64 = number.trim_end_matches('.').parse().ok()?;
        let subject = text
            .split_once(" numbers")
            .and_then(|(before, _)| before.split_whitespace().last());
        (1.0 <= factor).then_some(FactorRule { factor, subject })
    }

    fn allowance(&self, key: &str) -> Allowance {
        let mut allowance = Allowance {
            rel: None,
            abs: None,
        };
        let mut exact = false;
        let numbers = self.rules.into_iter().flatten();
        for (rule, value) in numbers {
            if rule == "exact" {
                exact = value == &Value::Bool(true);
                continue;
            }
            let Some(value) = value.as_f64() else {
                continue;
            };
            let widen = |slot: &mut Option<f64>| *slot = Some(slot.unwrap_or(0.0).max(value));
            if rule == key {
                widen(&mut allowance.abs);
            } else if let Some(subject) = subject(rule, "rel") {
                if concerns(subject, key) {
                    widen(&mut allowance.rel);
                }
            } else if let Some(subject) = subject(rule, "abs")
                && concerns(subject, key)
            {
                widen(&mut allowance.abs);
            }
        }
        if !exact && allowance.rel.is_none() && allowance.abs.is_none() {
            allowance.rel = Some(DEFAULT_REL);
        }
        allowance
    }
}

/// A ratio that is allowed either way.
struct FactorRule<'a> {
    factor: f64,
    /// What keys begin with that it holds for, if not for all.
    subject: Option<&'a str>,
}

impl FactorRule<'_> {
    fn check(&self, key: &str, expected: &Value, computed: &Value) -> Result<(), String> {
        if self
            .subject
            .is_some_and(|subject| !key.starts_with(subject))
        {
            return Ok(());
        }
        let ratio = computed.as_f64().zip(expected.as_f64()).map(|(c, e)| c / e);
        match ratio {
            Some(ratio) if self.factor.recip() <= ratio && ratio <= self.factor => Ok(()),
            _ => Err(format!(
                "{key} is {computed} and expected to be {expected} within a factor {}",
                self.factor
            )),
        }
    }
}

impl Allowance {
    fn permits(self, off: f64, size: f64) -> bool {
        off == 0.0
            || self.rel.is_some_and(|rel| off <= rel * size)
            || self.abs.is_some_and(|abs| off <= abs)
    }

    fn equates(self, expected: &Value, computed: &Value) -> bool {
        match (expected, computed) {
            (Value::Number(one), Value::Number(other)) => match (one.as_f64(), other.as_f64()) {
                (Some(one), Some(other)) => self.permits((one - other).abs(), one.abs()),
                _ => one == other,
            },
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|(one, other)| self.equates(one, other))
            }
            (Value::Object(one), Value::Object(other)) => {
                one.len() == other.len()
                    && one.iter().all(|(key, one)| {
                        let other = other.get(key);
                        other.is_some_and(|other| self.equates(one, other))
                    })
            }
            (one, other) => one == other,
        }
    }
}

/// What a rule such as `abs_x`, `x_abs` or `abs` is about; empty for all.
fn subject<'a>(rule: &'a str, sort: &str) -> Option<&'a str> {
    if rule == sort {
        return Some("");
    }
    let before = rule
        .strip_prefix(sort)
        .and_then(|rest| rest.strip_prefix('_'));
    before.or_else(|| {
        rule.strip_suffix(sort)
            .and_then(|rest| rest.strip_suffix('_'))
    })
}

fn concerns(subject: &str, key: &str) -> bool {
    let extreme = key.ends_with("_min") || key.ends_with("_max") || key.contains("_p95");
    match subject {
        "" | "f64" => true,
        // All is computed in 64 bits here.
        "f32" => false,
        "mean" => !extreme,
        "extremes" => extreme,
        subject => key.contains(subject),
    }
}

fn vector(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(tolerance: Value, key: &str, expected: Value, computed: Value) -> bool {
        let tolerance = Tolerance::new(Some(&tolerance));
        tolerance.check(key, &expected, &computed).is_ok()
    }

    #[test]
    fn a_rule_holds_for_the_values_that_it_names() {
        let rules = json!({"rel_f64": 1e-9, "rel_f32": 1e-2, "abs_laplacian_s2": 0.5});
        assert!(!fits(
            rules.clone(),
            "potential_m2_s2",
            json!(1.0),
            json!(1.001)
        ));
        assert!(fits(rules.clone(), "laplacian_s2", json!(0), json!(0.4)));
        assert!(!fits(rules, "laplacian_s2", json!(0), json!(0.6)));
        let rules = json!({"volume": 0, "price": "any", "surplus_abs": 1e-6});
        assert!(fits(rules.clone(), "volume", json!(5), json!(5.0)));
        assert!(!fits(
            rules.clone(),
            "volume",
            json!(1_000_000_000),
            json!(1_000_000_001)
        ));
        assert!(fits(
            rules.clone(),
            "total_surplus",
            json!(5),
            json!(5.000_000_5)
        ));
        assert!(!fits(rules, "midpoint_price", json!(5), json!(5.1)));
        let rules = json!({"rel_mean": 0.01, "rel_extremes": 0.05, "slope_mean_deg": 0.5});
        assert!(fits(rules.clone(), "g_max", json!(1), json!(1.04)));
        assert!(!fits(rules.clone(), "g_mean", json!(1), json!(1.04)));
        assert!(fits(rules, "slope_mean_deg", json!(1), json!(1.4)));
    }

    #[test]
    fn a_factor_holds_either_way_for_the_numbers_that_it_names() {
        let all = || json!({"rule": "within a factor 1.5"});
        assert!(fits(all(), "mean", json!(0.1), json!(0.14)));
        assert!(!fits(all(), "mean", json!(0.1), json!(0.16)));
        assert!(!fits(all(), "mean", json!(0.1), json!(0.06)));
        assert!(!fits(all(), "mean", json!(0.1), Value::Null));
        let some = || json!({"rule": "should reach the capped numbers within a factor 1.5; point_max is a warning"});
        assert!(!fits(some(), "capped_p95", json!(0.1), json!(0.2)));
        assert!(fits(some(), "point_max", json!(0.1), json!(0.9)));
    }

    #[test]
    fn structure_and_kind_must_agree() {
        let exact = || json!({"exact": true});
        assert!(fits(
            exact(),
            "bids_left",
            json!([[99, 2, "E"]]),
            json!([[99, 2, "E"]])
        ));
        assert!(!fits(
            exact(),
            "bids_left",
            json!([]),
            json!([[99, 2, "E"]])
        ));
        assert!(!fits(
            exact(),
            "bids_left",
            json!([[99, 2, "E"]]),
            json!([[99, 2, "F"]])
        ));
        assert!(!fits(json!({}), "gini", json!(0.5), Value::Null));
        assert!(!fits(json!({}), "gini", Value::Null, json!(0.5)));
        assert!(fits(json!({}), "gini", Value::Null, Value::Null));
        assert!(!fits(json!({}), "inside", json!(true), json!(1)));
        assert!(fits(json!({}), "gini", json!(1.0), json!(1.000_000_5)));
        assert!(!fits(json!({}), "gini", json!(1.0), json!(1.000_002)));
        assert!(!fits(
            json!({}),
            "trades",
            json!([{"a": 1}]),
            json!([{"b": 1}])
        ));
    }
}
