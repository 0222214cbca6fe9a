//! Durations on the command line: `90s`, `15min`, `2h`, `1d`, `1h30min`, or bare seconds.

use crate::record::RUN_MAX_MS;

/// The units and their lengths [ms]. A month or a minute, `m` could be either and is neither.
const UNITS: [(&str, f64); 5] = [
    ("d", 86_400e3),
    ("h", 3_600e3),
    ("min", 60e3),
    ("s", 1e3),
    ("ms", 1.0),
];

/// Reads a duration [ms].
///
/// # Errors
/// A sentence with what was expected.
pub fn parse_duration_ms(text: &str) -> Result<u64, String> {
    let expected =
        || format!("expected a duration such as 90s, 15min, 2h, 1d or 1h30min, not {text:?}");
    let text = text.trim();
    if text.starts_with('-') {
        return Err("a duration cannot be negative".to_owned());
    }
    let mut total_ms = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return Err(expected());
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| expected())?;
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit_ms = match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, unit_ms)) => *unit_ms,
            // Bare seconds, alone.
            None if unit.is_empty() && after.is_empty() && total_ms == 0.0 => 1e3,
            None => return Err(expected()),
        };
        total_ms += number * unit_ms;
        rest = after.trim_start();
    }
    if RUN_MAX_MS as f64 <= total_ms {
        return Err("a duration cannot exceed 100 years".to_owned());
    }
    Ok(total_ms.round() as u64)
}

/// A time of the simulation for people: its two largest units.
pub fn duration_text(ms: u64) -> String {
    let s = ms / 1000;
    let (d, h, min) = (s / 86400, s / 3600 % 24, s / 60 % 60);
    match (d, h, min) {
        (0, 0, 0) => format!("{}.{} s", s, ms % 1000 / 100),
        (0, 0, _) => format!("{min} min {} s", s % 60),
        (0, _, _) => format!("{h} h {min} min"),
        _ => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_their_parts() {
        for (text, ms) in [
            ("90s", 90_000),
            ("15min", 900_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("1h30min", 5_400_000),
            ("1h 30min", 5_400_000),
            ("0.5h", 1_800_000),
            ("250ms", 250),
            ("12.5", 12_500),
            ("0", 0),
        ] {
            assert_eq!(parse_duration_ms(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn absurd_durations_are_refused() {
        for text in [
            "",
            " ",
            "-5s",
            "-",
            "NaN",
            "nan",
            "inf",
            "1e9d",
            "5 parsecs",
            "h",
            "1h30",
            "1.2.3s",
            "100000000d",
            "99999999999999999999999999h",
            "½h",
            "1m",
            "s5",
        ] {
            assert!(parse_duration_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_told_in_their_two_largest_units() {
        assert_eq!(duration_text(1_500), "1.5 s");
        assert_eq!(duration_text(61_000), "1 min 1 s");
        assert_eq!(duration_text(3_660_000), "1 h 1 min");
        assert_eq!(duration_text(90_000_000), "1 d 1 h");
    }
}
