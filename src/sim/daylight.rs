//! Day, night and shadow at a site.

use bevy::math::{DQuat, DVec3};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::Terms;
use super::asteroid::Terrain;
use super::robot::sunlight;
use super::voyage::orbit::{self, Sky};

/// How often machines look up their sunlight [ms]: in that time Bennu turns by seven degrees.
pub const SUNLIGHT_PERIOD_MS: u64 = 300_000;
/// Ground farther away than this casts shadows as the outline of the body does [m].
const SHADOW_REACH_M: f64 = 100.0;
/// Directions in which a skyline is measured.
const AZIMUTHS: usize = 16;
/// Skylines are looked for between these elevations [rad]: below the level for the dip of a small
/// world's horizon, up to the wall of a pit.
const ELEVATIONS_RAD: (f64, f64) = (-0.35, 1.3);
/// A skyline is measured again for each five tonnes that are dug or heaped up in chunks so near.
const DUG_G: i64 = 5_000_000;
const DUG_WITHIN_M: f64 = 2.0;
/// A machine that has moved farther than this has another skyline [m].
const SAME_PLACE_M: f32 = 0.3;

/// Where the Sun stands.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Daylight {
    sky: Sky,
    /// The minute of the run that it is for. A minute turns Bennu by a degree and a half.
    minute: u64,
}

impl Daylight {
    /// The Sun over a body at the beginning of the present minute of the run, which is that of the
    /// terrain.
    pub fn at(terrain: &Terrain, terms: &Terms, time_ms: u64) -> Self {
        let minute = time_ms / 60_000;
        let elapsed_s = 60.0 * minute as f64;
        let model = terrain.model();
        let jd_tdb = terms.start_jd_tdb + elapsed_s / 86_400.0;
        let at_start = DQuat::from_axis_angle(model.rotation().pole(), terms.start_phase_rad);
        let ecliptic_from_body = at_start * terrain.attitude_at_minute();
        Self {
            sky: orbit::sky(model.record(), jd_tdb, ecliptic_from_body),
            minute,
        }
    }

    /// Whether this is the Sun of a time of the run.
    pub fn is_of(&self, time_ms: u64) -> bool {
        self.minute == time_ms / 60_000
    }

    pub fn sky(&self) -> &Sky {
        &self.sky
    }

    /// Sunlight on a surface that faces the Sun [W/m²].
    pub fn flux_w_m2(&self) -> f64 {
        sunlight::flux_w_per_m2(self.sky.sun_distance_au)
    }

    /// Whether the Sun shines on something `height_m` above `at_m`: neither night nor the shadow of
    /// the ground.
    pub fn reaches(&self, terrain: &Terrain, at_m: DVec3, height_m: f64) -> bool {
        let up = terrain.up(at_m);
        let sun = self.sky.sun_direction;
        if sun.dot(up) < ELEVATIONS_RAD.0.sin() {
            return false;
        }
        is_clear(terrain, at_m + (0.5 + height_m) * up, sun)
    }
}

/// The skyline around a machine that stands still.
///
/// A machine that has moved a little keeps the skyline of where it was, so that this is part of what a
/// world is, though it saves time only.
///
/// A ray towards the Sun costs some twenty looks into the relief; a machine that stands for hours
/// measures its skyline once and compares angles from then on.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Horizon {
    /// And how much had been dug around it.
    place: Option<(Vec3, i64)>,
    up: DVec3,
    east: DVec3,
    /// Elevation of the skyline in equal steps of azimuth from `east` [rad].
    skyline_rad: [f32; AZIMUTHS],
}

impl Horizon {
    /// As [`Daylight::reaches`], for a machine that stands at `at_m`.
    pub fn sees_sun(
        &mut self,
        daylight: &Daylight,
        terrain: &Terrain,
        at_m: Vec3,
        height_m: f64,
    ) -> bool {
        let at = at_m.as_dvec3();
        // Much digging nearby changes a skyline.
        let dug = terrain.removed_around_g(at, DUG_WITHIN_M).div_euclid(DUG_G);
        let known = self
            .place
            .is_some_and(|(place_m, then)| place_m.distance(at_m) < SAME_PLACE_M && then == dug);
        if !known {
            self.measure(terrain, at, height_m);
            self.place = Some((at_m, dug));
        }
        self.is_below(daylight)
    }

    /// The skyline around a place.
    pub fn around(terrain: &Terrain, at_m: DVec3, height_m: f64) -> Self {
        let mut horizon = Self::default();
        horizon.measure(terrain, at_m, height_m);
        horizon
    }

    /// As [`Horizon::sees_sun`], with a skyline that somebody else has where this one is of another
    /// place.
    pub fn sees_sun_over(
        &mut self,
        daylight: &Daylight,
        at_m: Vec3,
        skyline: impl FnOnce() -> Self,
    ) -> bool {
        // Exactly the place: what is known must not depend on where the machine was before.
        if self.place.is_none_or(|(place_m, _)| place_m != at_m) {
            *self = skyline();
            self.place = Some((at_m, 0));
        }
        self.is_below(daylight)
    }

    /// Up where the skyline was measured.
    pub fn up(&self) -> DVec3 {
        self.up
    }

    /// Whether the Sun stands over the skyline.
    fn is_below(&self, daylight: &Daylight) -> bool {
        let sun = daylight.sky.sun_direction;
        let elevation_rad = sun.dot(self.up).asin();
        let north = self.up.cross(self.east);
        let azimuth_rad = sun.dot(north).atan2(sun.dot(self.east));
        let sector =
            azimuth_rad.rem_euclid(std::f64::consts::TAU) / std::f64::consts::TAU * AZIMUTHS as f64;
        let (low, part) = (sector as usize % AZIMUTHS, sector.fract());
        let skyline_rad = f64::from(self.skyline_rad[low]) * (1.0 - part)
            + f64::from(self.skyline_rad[(low + 1) % AZIMUTHS]) * part;
        skyline_rad < elevation_rad
    }

    fn measure(&mut self, terrain: &Terrain, at_m: DVec3, height_m: f64) {
        self.up = terrain.up(at_m);
        self.east = DVec3::Z
            .cross(self.up)
            .normalize_or(self.up.any_orthonormal_vector());
        let north = self.up.cross(self.east);
        let from_m = at_m + (0.5 + height_m) * self.up;
        for (k, skyline_rad) in self.skyline_rad.iter_mut().enumerate() {
            let azimuth_rad = std::f64::consts::TAU * k as f64 / AZIMUTHS as f64;
            let along = azimuth_rad.cos() * self.east + azimuth_rad.sin() * north;
            let (mut low_rad, mut high_rad) = ELEVATIONS_RAD;
            // Seven halvings of 95° leave less than a degree.
            for _ in 0..7 {
                let middle_rad = 0.5 * (low_rad + high_rad);
                let ray = middle_rad.cos() * along + middle_rad.sin() * self.up;
                if is_clear(terrain, from_m, ray) {
                    high_rad = middle_rad;
                } else {
                    low_rad = middle_rad;
                }
            }
            *skyline_rad = high_rad as f32;
        }
    }
}

/// Whether a ray meets no ground within [`SHADOW_REACH_M`], and no other part of the body beyond.
fn is_clear(terrain: &Terrain, from_m: DVec3, ray: DVec3) -> bool {
    let mut along_m = 0.3;
    while along_m < SHADOW_REACH_M {
        let gap_m = terrain.signed_distance_m(from_m + along_m * ray);
        if gap_m < 0.02 {
            return false;
        }
        along_m += gap_m.max(0.25);
    }
    terrain.model().leaves_outline(from_m, ray, along_m)
}
