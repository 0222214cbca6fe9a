//! Quantities as words: every number on screen passes through here.
//!
//! SI inside, and what a person reads outside: units with each number, as many digits as mean
//! something, thousands set apart, a true minus sign. Nothing here knows a window.

use bevy::math::Vec3;

/// Mass: grams below 100 g, tonnes from ten tonnes on.
pub fn mass(mass_kg: f64) -> String {
    let size = mass_kg.abs();
    if !mass_kg.is_finite() {
        "–".to_owned()
    } else if size < 0.0005 {
        "0 kg".to_owned()
    } else if size < 0.0995 {
        format!("{} g", signed(mass_kg * 1000.0, 0))
    } else if size < 9.995 {
        format!("{} kg", signed(mass_kg, 2))
    } else if size < 99.95 {
        format!("{} kg", signed(mass_kg, 1))
    } else if size < 9_999.5 {
        format!("{} kg", signed(mass_kg, 0))
    } else {
        format!("{} t", signed(mass_kg / 1000.0, 1))
    }
}

/// A fill level with one unit for both numbers: "3.2 / 60 kg".
pub fn fill(load_kg: f64, capacity_kg: f64) -> String {
    let decimals = usize::from(capacity_kg < 99.95) + usize::from(capacity_kg < 9.995);
    format!(
        "{} / {} kg",
        signed(load_kg, decimals),
        trimmed(capacity_kg, decimals)
    )
}

/// Whole credits.
pub fn credits(credits: f64) -> String {
    if credits.is_finite() {
        format!("{} cr", signed(credits, 0))
    } else {
        "–".to_owned()
    }
}

/// Credits that came in or went out, with cents while they are few.
pub fn credit_change(credits: f64) -> String {
    let decimals = if credits.abs() < 99.995 { 2 } else { 0 };
    let plus = if credits > 0.0 { "+" } else { "" };
    format!("{plus}{} cr", signed(credits, decimals))
}

/// A price.
pub fn price(credits_per_kg: f64) -> String {
    let decimals = if credits_per_kg.abs() < 99.995 { 2 } else { 0 };
    format!("{} cr/kg", signed(credits_per_kg, decimals))
}

/// Length, from millimetres to kilometres.
pub fn length(length_m: f64) -> String {
    let size = length_m.abs();
    if !length_m.is_finite() {
        "–".to_owned()
    } else if size < 0.995 {
        format!("{} cm", signed(length_m * 100.0, 0))
    } else if size < 9.95 {
        format!("{} m", signed(length_m, 1))
    } else if size < 999.5 {
        format!("{} m", signed(length_m, 0))
    } else {
        format!("{} km", signed(length_m / 1000.0, 2))
    }
}

/// Speed: the surface of a small body lives in millimetres and centimetres a second.
pub fn speed(speed_m_s: f64) -> String {
    let size = speed_m_s.abs();
    if !speed_m_s.is_finite() {
        "–".to_owned()
    } else if size < 0.00995 {
        format!("{} mm/s", signed(speed_m_s * 1000.0, 1))
    } else if size < 0.995 {
        format!("{} cm/s", signed(speed_m_s * 100.0, 1))
    } else {
        format!("{} m/s", signed(speed_m_s, 2))
    }
}

/// Power.
pub fn power(power_w: f64) -> String {
    if power_w.abs() < 999.5 {
        format!("{} W", signed(power_w, 0))
    } else {
        format!("{} kW", signed(power_w / 1000.0, 1))
    }
}

/// Force.
pub fn force(force_n: f64) -> String {
    if force_n.abs() < 0.0995 {
        format!("{} mN", signed(force_n * 1000.0, 1))
    } else {
        format!("{} N", signed(force_n, 1))
    }
}

/// Energy as electricians count it.
pub fn energy(energy_j: f64) -> String {
    let energy_wh = energy_j / 3600.0;
    if energy_wh < 10.0 {
        format!("{energy_wh:.1} Wh")
    } else if energy_wh < 9950.0 {
        format!("{energy_wh:.0} Wh")
    } else {
        format!("{:.1} kWh", energy_wh * 1e-3)
    }
}

/// A part of a whole.
pub fn percent(fraction: f64) -> String {
    if !fraction.is_finite() {
        return "–".to_owned();
    }
    // A part that is not quite nothing or not quite all shall not read as 0 % or 100 %.
    let percent = fraction * 100.0;
    if 0.0 < percent && percent < 1.0 {
        return "<1 %".to_owned();
    }
    if 99.0 < percent && percent < 100.0 {
        return ">99 %".to_owned();
    }
    format!("{} %", signed(percent, 0))
}

/// An estimate and its standard error, in percent: "8.1 ± 1.9 %".
pub fn percent_estimate(fraction: f64, std: f64) -> String {
    format!("{:.1} ± {:.1} %", fraction * 100.0, std * 100.0)
}

/// A mass fraction and its standard error in the unit that suits it: percent, parts per million or
/// parts per billion.
pub fn content_estimate(fraction: f64, std: f64) -> String {
    let size = fraction.abs().max(std);
    if size < 2e-6 {
        format!("{:.1} ± {:.1} ppb", fraction * 1e9, std * 1e9)
    } else if size < 2e-3 {
        format!("{:.1} ± {:.1} ppm", fraction * 1e6, std * 1e6)
    } else {
        percent_estimate(fraction, std)
    }
}

/// A mass fraction in the unit that suits another one, such as the end of a scale.
pub fn content(fraction: f64, like: f64) -> String {
    if like < 2e-6 {
        format!("{:.1} ppb", fraction * 1e9)
    } else if like < 2e-3 {
        format!("{:.1} ppm", fraction * 1e6)
    } else {
        format!("{:.1} %", fraction * 100.0)
    }
}

/// A span of time with its two largest units.
pub fn duration(duration_ms: u64) -> String {
    let seconds = duration_ms.div_ceil(1000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    if days > 0 {
        format!("{days} d {hours} h")
    } else if seconds >= 3600 {
        format!("{hours} h {minutes:02} min")
    } else if seconds >= 600 {
        format!("{minutes} min")
    } else if seconds >= 60 {
        format!("{minutes} min {:02} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

/// Time since the start of the run: "Day 3  04:12:07".
pub fn mission_clock(time_ms: u64) -> String {
    let seconds = time_ms / 1000;
    format!(
        "Day {}  {:02}:{:02}:{:02}",
        seconds / 86_400 + 1,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Time of a message, short: "3d 04:12".
pub fn stamp(time_ms: u64) -> String {
    let minutes = time_ms / 60_000;
    format!(
        "{}d {:02}:{:02}",
        minutes / 1440 + 1,
        minutes / 60 % 24,
        minutes % 60
    )
}

/// Local solar time of a place on the body, its own day cut into 24 hours: noon is 12:00.
///
/// `place` is counted from the body's centre, in body-fixed axes with +Z the spin axis; the body turns
/// towards +Y, so places further along +longitude are later in their day.
pub fn local_time_h(place: Vec3, sun_direction: Vec3) -> f32 {
    let longitude = place.y.atan2(place.x);
    let subsolar = sun_direction.y.atan2(sun_direction.x);
    let hours = 12.0 + (longitude - subsolar) * 12.0 / std::f32::consts::PI;
    hours.rem_euclid(24.0)
}

/// Hours as a clock reads them.
pub fn clock(hours: f32) -> String {
    let minutes = (hours * 60.0).floor() as u32 % 1440;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Latitude and longitude of a place, counted from the body's centre, in degrees.
pub fn coordinates(place: Vec3) -> String {
    let latitude = place.z.atan2(place.x.hypot(place.y)).to_degrees();
    let longitude = place.y.atan2(place.x).to_degrees().rem_euclid(360.0);
    let hemisphere = if latitude < 0.0 { 'S' } else { 'N' };
    format!("{:.1}° {hemisphere}  {longitude:.1}° E", latitude.abs())
}

/// How fast the simulated time runs against the clock on the wall.
pub fn warp(warp: f64) -> String {
    if warp < 9.95 {
        format!("{}×", trimmed(warp, 1))
    } else {
        format!("{}×", signed(warp, 0))
    }
}

/// A number with its thousands set apart and a true minus sign.
fn signed(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut text = String::with_capacity(digits.len() + 8);
    // What rounds to zero has no sign.
    if value < 0.0 && digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        text.push('−');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Like [`signed`], without zeros at the end of its decimals.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = signed(value, decimals);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masses_carry_the_digits_that_mean_something() {
        let read = [0.0, 0.04, 0.42, 3.456, 42.04, 1234.6, 12_340.0, -2.5].map(mass);
        let want = [
            "0 kg",
            "40 g",
            "0.42 kg",
            "3.46 kg",
            "42.0 kg",
            "1,235 kg",
            "12.3 t",
            "−2.50 kg",
        ];
        assert_eq!(read, want);
        assert_eq!(fill(3.15, 60.0), "3.1 / 60 kg");
        assert_eq!(fill(120.0, 2500.0), "120 / 2,500 kg");
    }

    #[test]
    fn money_has_its_thousands_set_apart_and_a_true_minus() {
        assert_eq!(credits(249_310.4), "249,310 cr");
        assert_eq!(credits(-1_000.0), "−1,000 cr");
        assert_eq!(credits(-0.3), "0 cr");
        assert_eq!(credit_change(12.5), "+12.50 cr");
        assert_eq!(credit_change(-1234.0), "−1,234 cr");
        assert_eq!(price(51.24), "51.24 cr/kg");
        assert_eq!(price(5123.4), "5,123 cr/kg");
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let read = [0, 999, 59_000, 61_000, 601_000, 3_660_000, 90_000_000].map(duration);
        let want = [
            "0 s",
            "1 s",
            "59 s",
            "1 min 01 s",
            "10 min",
            "1 h 01 min",
            "1 d 1 h",
        ];
        assert_eq!(read, want);
        assert_eq!(
            mission_clock(2 * 86_400_000 + 15_127_000),
            "Day 3  04:12:07"
        );
        assert_eq!(stamp(2 * 86_400_000 + 15_127_000), "3d 04:12");
    }

    #[test]
    fn parts_near_nothing_and_all_do_not_read_as_such() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.004), "<1 %");
        assert_eq!(percent(0.5), "50 %");
        assert_eq!(percent(0.996), ">99 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(f64::NAN), "–");
    }

    #[test]
    fn noon_is_under_the_sun_and_evening_lies_to_the_east() {
        let sun = Vec3::new(1.0, 0.0, 0.2);
        assert_eq!(clock(local_time_h(Vec3::X * 250.0, sun)), "12:00");
        assert!((local_time_h(Vec3::Y, sun) - 18.0).abs() < 1e-4);
        assert!((local_time_h(Vec3::NEG_Y, sun) - 6.0).abs() < 1e-4);
    }

    #[test]
    fn places_read_as_latitude_and_longitude() {
        assert_eq!(coordinates(Vec3::new(0.0, 1.0, 0.0)), "0.0° N  90.0° E");
        assert_eq!(coordinates(Vec3::new(1.0, -1.0, -1.0)), "35.3° S  315.0° E");
    }

    #[test]
    fn speeds_and_lengths_fit_a_world_of_centimetres() {
        assert_eq!(speed(0.0042), "4.2 mm/s");
        assert_eq!(speed(0.104), "10.4 cm/s");
        assert_eq!(length(0.42), "42 cm");
        assert_eq!(length(3.21), "3.2 m");
        assert_eq!(length(1240.0), "1.24 km");
        assert_eq!(warp(1.0), "1×");
        assert_eq!(warp(59.7), "60×");
    }
}
