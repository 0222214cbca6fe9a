//! How a measurement comes about: truth in, estimates with their errors out.
//!
//! This is the one place of prospecting that looks at the truth. Each estimate is the truth as the
//! instrument sees it, averaged over what it sees, plus a systematic error that belongs to the one
//! instrument of the one robot and a random error that belongs to the one measurement. The error
//! that is stated never follows from the truth itself, or it would tell it: it is a constant of
//! the instrument, or follows from what was counted or estimated. Figures and sources stand in
//! `docs/prospecting.md`.

use std::f64::consts::TAU;

use bevy::math::{DVec3, Vec3};

use super::spectrum::Spectrum;
use super::{Estimate, Instrument, InstrumentSpec, Quantity, Reading, Support};
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::asteroid::{GravityCell, Ground, Terrain};
use crate::sim::random::{self, Stream};
use crate::sim::robot::drill::Borehole;

/// Ground is looked at this far below its surface [m].
const SKIN_M: f64 = 0.2;
/// A footprint is looked at on so many rings of so many places, and fewer each where there are
/// several: some fifty in all.
const RINGS: usize = 6;
const PLACES_PER_RING: usize = 8;
const RINGS_IN_MOTION: usize = 2;
const PLACES_PER_RING_IN_MOTION: usize = 3;
/// No area instrument sees less than this around its nadir [m].
const FOOTPRINT_MIN_M: f64 = 1.0;
/// A core is read in stretches of this length [m].
const CORE_STRETCH_M: f64 = 0.25;

/// Neutrons that a detector on the bare, dry ground counts [1/s], and that it counts anywhere
/// without any ground. After the sizes and rates of GRaND (Prettyman et al. 2011), rounded.
const NEUTRONS_PER_S: f64 = 5.0;
const NEUTRON_BACKGROUND_PER_S: f64 = 1.0;
/// Mass fraction of water that halves the count of epithermal neutrons (after Feldman et al. 1998).
const NEUTRON_WATER: f64 = 0.035;
/// Heights and masses are known to this part when gravity is compared with an even body.
const GRAVITY_MODEL_ERROR: f64 = 0.005;

/// What a measurement needs to know besides the ground.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    pub spec: InstrumentSpec,
    /// How long it measured [s].
    pub time_s: f64,
    /// Of the run: chance is drawn from streams named after robot, instrument and time.
    pub seed: u64,
    pub at_ms: u64,
    pub measured_by: &'a str,
    pub robot: &'a str,
    /// Of the instrument at the end, in the site's frame.
    pub position_m: DVec3,
    /// Where it was meanwhile, if it moved farther than it sees; else empty.
    pub track_m: Vec<DVec3>,
    /// The hole that a core sampler looks down, if it does not make its own.
    pub hole: Option<Borehole>,
}

/// Draws the errors of one instrument.
struct Errors<'a> {
    setup: &'a Setup<'a>,
    noise: Stream,
}

impl Errors<'_> {
    /// The bias of this instrument in this quantity, in standard deviations: the same for ever.
    fn calibration(&self, quantity: Quantity) -> f64 {
        let Setup {
            seed, robot, spec, ..
        } = self.setup;
        let purpose = format!("calibration:{robot}:{:?}:{quantity:?}", spec.instrument);
        random::normal(&mut random::stream(*seed, &purpose))
    }

    /// Normal errors of fixed size.
    fn normal(
        &mut self,
        quantity: Quantity,
        truth: f64,
        random_std: f64,
        systematic_std: f64,
    ) -> Estimate {
        let bias = systematic_std * self.calibration(quantity);
        Estimate {
            quantity,
            value: truth + bias + random_std * random::normal(&mut self.noise),
            std: random_std.hypot(systematic_std),
            systematic_std,
        }
    }

    /// Errors of a fixed ratio, log-normal: for what cannot fall below zero.
    fn ratio(
        &mut self,
        quantity: Quantity,
        truth: f64,
        random_ratio: f64,
        systematic_ratio: f64,
    ) -> Estimate {
        let bias = systematic_ratio * self.calibration(quantity);
        let error = bias + random_ratio * random::normal(&mut self.noise);
        let value = truth * error.exp();
        // Of a log-normal deviate, with the estimate in place of its median.
        let std_of = |ratio: f64| value * (ratio * ratio).exp_m1().sqrt();
        Estimate {
            quantity,
            value,
            std: std_of(random_ratio.hypot(systematic_ratio)),
            systematic_std: std_of(systematic_ratio),
        }
    }
}

/// Random error of the reference contact spectrometer, as mass fractions.
fn contact_std(constituent: Constituent) -> Option<f64> {
    Some(match constituent {
        Constituent::Water => super::instrument::CONTACT_WATER_STD,
        Constituent::Carbon | Constituent::Sulfur => 5e-3,
        Constituent::Metal => 2e-2,
        Constituent::Nickel => 2e-3,
        Constituent::Cobalt => 1e-4,
        Constituent::PlatinumGroup => 2e-6,
        Constituent::Silicates => 3e-2,
        Constituent::Helium3 => return None,
    })
}

/// Systematic error of a contact spectrometer over its reference random error.
const CONTACT_SYSTEMATIC: f64 = 0.2;
/// The oven and mass spectrometer of a core sampler over a contact spectrometer.
const CORE_PRECISION: f64 = 0.4;
const CORE_SYSTEMATIC: f64 = 0.1;
const CORE_HELIUM_STD: f64 = 1e-9;

/// Gamma lines: counts per second on the ground for each unit of mass fraction, counts under the
/// line without any, and the systematic error as a mass fraction. After the sensitivities of
/// planetary spectrometers in Evans et al. (2012) and Prettyman et al. (2011), rounded.
fn gamma_line(constituent: Constituent) -> Option<(f64, f64, f64)> {
    match constituent {
        Constituent::Carbon => Some((1.5, 0.6, 4e-3)),
        Constituent::Sulfur => Some((2.0, 0.5, 4e-3)),
        Constituent::Nickel => Some((4.0, 0.4, 2e-3)),
        Constituent::Silicates => Some((1.5, 0.5, 3e-2)),
        _ => None,
    }
}

/// Takes a measurement: several readings for a core, one for all else.
pub fn measure(terrain: &Terrain, setup: &Setup) -> Vec<Reading> {
    let instrument = setup.spec.instrument;
    let purpose = format!("measure:{}:{instrument:?}:{}", setup.robot, setup.at_ms);
    let mut errors = Errors {
        noise: random::stream(setup.seed, &purpose),
        setup,
    };
    let nadir_m = terrain.surface_below(setup.position_m);
    let reading = |point_m: DVec3, support: Support, estimates: Vec<Estimate>| Reading {
        at_ms: setup.at_ms,
        measured_by: setup.measured_by.to_owned(),
        robot: setup.robot.to_owned(),
        instrument,
        point_m: point_m.as_vec3(),
        support,
        estimates,
    };
    match instrument {
        Instrument::Telescope => {
            let truth = Spectrum::of(terrain.model());
            let estimates = truth.seen_by(&mut |quantity, value, random, systematic| {
                let random_std = 0.25 * random * setup.spec.std_factor * exposure(setup);
                errors.normal(quantity, value, random_std, 0.25 * systematic)
            });
            vec![reading(nadir_m, Support::Body, estimates)]
        }
        Instrument::OrbitRadar => {
            let sight = Footprint::beam(terrain, setup);
            let speckle = 0.15 * setup.spec.std_factor * exposure(setup);
            let estimates = vec![
                errors.ratio(Quantity::Roughness, sight.roughness_m(), speckle, 0.05),
                errors.normal(
                    Quantity::RockCover,
                    sight.mean(|ground| f64::from(u8::from(ground.rock))),
                    0.5 * speckle,
                    0.03,
                ),
                errors.ratio(
                    Quantity::BulkDensity,
                    sight.mean(|ground| ground.bulk_density_kg_m3),
                    0.8 * speckle,
                    0.10,
                ),
            ];
            vec![reading(nadir_m, sight.support(), estimates)]
        }
        Instrument::ThermalMapper => {
            let sight = Footprint::beam(terrain, setup);
            let noise = setup.spec.std_factor * exposure(setup);
            let estimates = vec![
                errors.ratio(
                    Quantity::ThermalInertia,
                    sight.mean(thermal_inertia),
                    0.08 * noise,
                    0.05,
                ),
                errors.normal(
                    Quantity::RockCover,
                    sight.mean(|ground| f64::from(u8::from(ground.rock))),
                    0.05 * noise,
                    0.03,
                ),
            ];
            vec![reading(nadir_m, sight.support(), estimates)]
        }
        Instrument::GammaNeutron => {
            let sight = Footprint::isotropic(terrain, setup);
            let estimates = count(&sight, setup, &mut errors);
            vec![reading(nadir_m, sight.support(), estimates)]
        }
        Instrument::ContactSpectrometer => {
            let up = terrain.up(nadir_m);
            let ground = terrain.model().ground_at(nadir_m - SKIN_M * up);
            let estimates = Constituent::ALL
                .into_iter()
                .filter_map(|constituent| {
                    let std = contact_std(constituent)?;
                    let truth = ground.grades.of(constituent);
                    Some(errors.normal(
                        Quantity::Content(constituent),
                        truth,
                        std * setup.spec.std_factor * exposure(setup),
                        CONTACT_SYSTEMATIC * std,
                    ))
                })
                .collect();
            vec![reading(nadir_m, Support::Spot, estimates)]
        }
        Instrument::CoreSampler => {
            let own = (nadir_m, -terrain.up(nadir_m), setup.spec.depth_m);
            let (mouth_m, down, depth_m) = setup
                .hole
                .map(|hole| (hole.mouth_m, hole.down, hole.depth_m))
                .filter(|(.., depth_m)| setup.spec.depth_m < *depth_m)
                .unwrap_or(own);
            let stretches = (depth_m / CORE_STRETCH_M).round().max(1.0);
            (0..stretches as usize)
                .map(|stretch| {
                    let from_m = depth_m * stretch as f64 / stretches;
                    let to_m = depth_m * (stretch as f64 + 1.0) / stretches;
                    let middle_m = mouth_m + 0.5 * (from_m + to_m) * down;
                    let ground = terrain.model().ground_at(middle_m);
                    let estimates = Constituent::ALL
                        .into_iter()
                        .map(|constituent| {
                            let std = match contact_std(constituent) {
                                Some(std) => CORE_PRECISION * std,
                                None => CORE_HELIUM_STD,
                            };
                            let truth = ground.grades.of(constituent);
                            errors.normal(
                                Quantity::Content(constituent),
                                truth,
                                std * setup.spec.std_factor * exposure(setup),
                                CORE_SYSTEMATIC * std / CORE_PRECISION,
                            )
                        })
                        .collect();
                    let support = Support::Core {
                        from_m: from_m as f32,
                        to_m: to_m as f32,
                        middle_m: middle_m.as_vec3(),
                    };
                    reading(mouth_m, support, estimates)
                })
                .collect()
        }
        Instrument::Accelerometer => {
            let mut cell = GravityCell::default();
            let at_m = setup.position_m;
            let fall = terrain.acceleration_m_s2(at_m, DVec3::ZERO, &mut cell);
            let down = -terrain.up(at_m);
            let even = terrain
                .model()
                .gravity_m_s2(at_m, &mut GravityCell::default());
            let whole = terrain.gravity_m_s2(at_m, &mut cell);
            let random_std = 5e-8 * setup.spec.std_factor * exposure(setup);
            let systematic_std = 1e-7;
            let model_std = GRAVITY_MODEL_ERROR * even.length();
            let estimates = vec![
                errors.normal(Quantity::Gravity, fall.length(), random_std, systematic_std),
                errors.normal(
                    Quantity::GravityAnomaly,
                    (whole - even).dot(down),
                    random_std,
                    systematic_std.hypot(model_std),
                ),
            ];
            vec![reading(nadir_m, Support::Spot, estimates)]
        }
    }
}

/// What the telescopes of Earth have published of a body before anybody leaves for it.
pub fn from_earth(terrain: &Terrain, seed: u64) -> Reading {
    let setup = Setup {
        spec: InstrumentSpec::reference(Instrument::Telescope),
        time_s: InstrumentSpec::reference(Instrument::Telescope).time_s,
        seed,
        at_ms: 0,
        measured_by: "public record",
        robot: "Earth",
        position_m: DVec3::ZERO,
        track_m: Vec::new(),
        hole: None,
    };
    let mut errors = Errors {
        noise: random::stream(seed, "measure:Earth"),
        setup: &setup,
    };
    let truth = Spectrum::of(terrain.model());
    let estimates = truth.seen_by(&mut |quantity, value, random, systematic| {
        errors.normal(quantity, value, random, systematic)
    });
    Reading {
        at_ms: 0,
        measured_by: setup.measured_by.to_owned(),
        robot: setup.robot.to_owned(),
        instrument: Instrument::Telescope,
        point_m: Vec3::ZERO,
        support: Support::Body,
        estimates,
    }
}

/// Random error over that of a measurement of the time that the instrument takes by default: four
/// times as long is twice as good.
fn exposure(setup: &Setup) -> f64 {
    (setup.spec.time_s / setup.time_s.max(1e-3)).sqrt()
}

/// Counts neutrons and gamma rays.
///
/// The part of the counts that comes from the body shrinks with the part of the sky that it fills;
/// the background stays. Counts follow Poisson's law, and what is reported follows from them.
fn count(sight: &Footprint, setup: &Setup, errors: &mut Errors) -> Vec<Estimate> {
    let time_s = setup.time_s / setup.spec.std_factor.powi(2);
    let fill = sight.sky_fill;
    let mut estimates = Vec::new();
    let water = sight.mean(|ground| ground.grades.of(Constituent::Water));
    let full = NEUTRONS_PER_S * fill * time_s;
    let dark = NEUTRON_BACKGROUND_PER_S * time_s;
    let counted = poisson(
        &mut errors.noise,
        full / (1.0 + water / NEUTRON_WATER) + dark,
    );
    // Fewer than one count over the background would tell of endless water.
    let signal = (counted - dark).max(1.0);
    let value = NEUTRON_WATER * (full / signal - 1.0);
    let random_std = NEUTRON_WATER * full / signal * counted.max(1.0).sqrt() / signal;
    let systematic_std = 4e-3;
    let quantity = Quantity::Content(Constituent::Water);
    estimates.push(Estimate {
        quantity,
        value: value + systematic_std * errors.calibration(quantity),
        std: random_std.hypot(systematic_std),
        systematic_std,
    });
    for constituent in Constituent::ALL {
        let Some((rate_per_s, under_per_s, systematic_std)) = gamma_line(constituent) else {
            continue;
        };
        let truth = sight.mean(|ground| ground.grades.of(constituent));
        let full = rate_per_s * fill * time_s;
        let dark = under_per_s * time_s;
        let counted = poisson(&mut errors.noise, full * truth + dark);
        let quantity = Quantity::Content(constituent);
        let random_std = counted.max(1.0).sqrt() / full;
        estimates.push(Estimate {
            quantity,
            value: (counted - dark) / full + systematic_std * errors.calibration(quantity),
            std: random_std.hypot(systematic_std),
            systematic_std,
        });
    }
    estimates
}

/// A Poisson deviate: exact by inversion for a mean below 200, else the rounded normal with its
/// mean and variance, which is then within a part in a thousand (Devroye 1986, chapter X.3).
fn poisson(stream: &mut Stream, mean: f64) -> f64 {
    if 200.0 <= mean {
        return (mean + mean.sqrt() * random::normal(stream))
            .round()
            .max(0.0);
    }
    let mut u = random::uniform(stream);
    let mut p = (-mean).exp();
    let mut k = 0.0;
    while p <= u && k < 400.0 {
        u -= p;
        k += 1.0;
        p *= mean / k;
    }
    k
}

/// Thermal inertia of a kind of ground [J m⁻² K⁻¹ s⁻½]: √(k ρ c).
///
/// Rock conducts by 4.3 e^(−φ/0.08) W/(m K) at porosity φ (Flynn et al. 2018, as used by Grott et
/// al. 2019 for Ryugu); fines by 3 mW/(m K) (Gundlach & Blum 2013 for grains below a millimetre);
/// grains weigh 2700 kg/m³, and 1 kg K holds 750 J near 300 K.
fn thermal_inertia(ground: &Ground) -> f64 {
    const GRAIN_KG_M3: f64 = 2700.0;
    const HEAT_J_PER_KG_K: f64 = 750.0;
    let density = ground.bulk_density_kg_m3;
    let conductivity = if ground.rock {
        let porosity = (1.0 - density / GRAIN_KG_M3).clamp(0.0, 0.9);
        4.3 * (-porosity / 0.08).exp()
    } else {
        3e-3
    };
    (conductivity * density * HEAT_J_PER_KG_K).sqrt()
}

/// The ground that an area instrument sees, at places of equal weight.
struct Footprint {
    grounds: Vec<Ground>,
    /// Sideways and up from the nadir, in two directions and height [m].
    lies: Vec<DVec3>,
    places_m: Vec<Vec3>,
    radius_m: f64,
    /// Part of the signal of a detector that lies on the ground.
    sky_fill: f64,
}

impl Footprint {
    /// A beam whose edge, at half its strength, is as far from the nadir as the ground is below.
    fn beam(terrain: &Terrain, setup: &Setup) -> Self {
        Self::look(terrain, setup, 1.0, |radius_m, part| {
            radius_m * (-(1.0 - part).log2()).sqrt()
        })
    }

    /// What reaches an open detector: half comes from within √3 times the height.
    fn isotropic(terrain: &Terrain, setup: &Setup) -> Self {
        Self::look(terrain, setup, 3f64.sqrt(), |radius_m, part| {
            isotropic_distance_m(radius_m, part)
        })
    }

    fn look(
        terrain: &Terrain,
        setup: &Setup,
        radius_per_height: f64,
        distance_m: impl Fn(f64, f64) -> f64,
    ) -> Self {
        let body_m = terrain.model().reference_radius_m();
        let nadir_m = terrain.surface_below(setup.position_m);
        let height_m = (setup.position_m - nadir_m)
            .dot(terrain.up(nadir_m))
            .max(0.0);
        let radius_m = (radius_per_height * height_m).max(FOOTPRINT_MIN_M);
        let horizon_m = (2.0 * body_m * height_m + height_m * height_m)
            .sqrt()
            .max(4.0 * FOOTPRINT_MIN_M);
        let (stations, rings, around) = if setup.track_m.is_empty() {
            (vec![setup.position_m], RINGS, PLACES_PER_RING)
        } else {
            let track_m = setup.track_m.clone();
            (track_m, RINGS_IN_MOTION, PLACES_PER_RING_IN_MOTION)
        };
        let mut grounds = Vec::new();
        let mut lies = Vec::new();
        let mut places_m = Vec::new();
        for station_m in &stations {
            let centre_m = terrain.surface_below(*station_m);
            let up = terrain.up(centre_m);
            let east = up.any_orthonormal_vector();
            let north = up.cross(east);
            for ring in 0..rings {
                let part = (ring as f64 + 0.5) / rings as f64;
                let away_m = distance_m(radius_m, part).min(horizon_m);
                for k in 0..around {
                    let angle = TAU * (k as f64 + 0.5 * (ring % 2) as f64) / around as f64;
                    let beside_m = centre_m + away_m * (angle.cos() * east + angle.sin() * north);
                    let ground_m = terrain.surface_below(beside_m);
                    let from_m = ground_m - centre_m;
                    places_m.push(ground_m.as_vec3());
                    lies.push(DVec3::new(
                        from_m.dot(east),
                        from_m.dot(north),
                        from_m.dot(up),
                    ));
                    let below_m = ground_m - SKIN_M * terrain.up(ground_m);
                    grounds.push(terrain.model().ground_at(below_m));
                }
            }
        }
        let far_m = body_m + height_m;
        Self {
            grounds,
            lies,
            places_m,
            radius_m,
            sky_fill: 1.0 - (1.0 - (body_m / far_m).powi(2)).max(0.0).sqrt(),
        }
    }

    fn mean(&self, of: impl Fn(&Ground) -> f64) -> f64 {
        self.grounds.iter().map(of).sum::<f64>() / self.grounds.len() as f64
    }

    /// Root mean square of the height about the plane that fits the places best.
    fn roughness_m(&self) -> f64 {
        let n = self.lies.len() as f64;
        let mean = self.lies.iter().sum::<DVec3>() / n;
        let (mut xx, mut xy, mut yy, mut xz, mut yz, mut zz) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for lie in &self.lies {
            let d = *lie - mean;
            xx += d.x * d.x;
            xy += d.x * d.y;
            yy += d.y * d.y;
            xz += d.x * d.z;
            yz += d.y * d.z;
            zz += d.z * d.z;
        }
        let det = xx * yy - xy * xy;
        if det <= 1e-12 * xx * yy {
            return (zz / n).sqrt();
        }
        let (a, b) = ((xz * yy - yz * xy) / det, (yz * xx - xz * xy) / det);
        ((zz - a * xz - b * yz) / n).max(0.0).sqrt()
    }

    fn support(&self) -> Support {
        Support::Area {
            radius_m: self.radius_m as f32,
            places_m: self.places_m.clone(),
        }
    }
}

/// Distance from the nadir within which a part of the signal of an open detector comes from, if
/// half of it comes from within `radius_m`: the part within ρ at height h is 1 − h/√(h² + ρ²).
fn isotropic_distance_m(radius_m: f64, part: f64) -> f64 {
    let height_m = radius_m / 3f64.sqrt();
    height_m * ((1.0 - part).powi(-2) - 1.0).max(0.0).sqrt()
}
