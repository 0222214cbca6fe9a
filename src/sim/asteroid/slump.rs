//! Loose ground: where spoil comes to lie, and which walls, slopes and roofs hold.
//!
//! A slope of angle β in ground of cohesion c and friction φ stands up to the height of Culmann
//! (1875), H = 4 c sin β cos φ / (ρ g (1 − cos(β − φ))), which for a vertical wall is
//! 4 c tan(45° + φ/2) / (ρ g); slopes up to φ always stand. A roof carries itself up to the span
//! 2 c / (ρ g) (Terzaghi 1943, the arch over a yielding strip). So 25 Pa hold kilometres on Bennu,
//! and a kilopascal three metres on the Moon.
//!
//! Only voxels near which something has changed are looked at, a few in every second of the world,
//! so that ground that nobody touches costs nothing. What gives way falls to the foot of its slope,
//! to the gram; what finds no ground below it drifts off.

use std::f64::consts::{FRAC_PI_2, TAU};

use bevy::math::DVec3;

use super::feedstock::Feedstock;
use super::voxels::centre_of;
use super::{ChunkKey, GravityCell, Ground, Terrain};

/// Spoil has this part of the cohesion that the ground had before it was dug (assumed).
const SPOIL_COHESION: f64 = 0.1;
/// Voxels that are looked at in a second of the world, and at most in one tick.
const LOOKS_PER_S: f64 = 4.0;
const LOOKS_MAX: f64 = 64.0;
/// Slopes are looked at in so many directions, over these distances [m].
const AROUND: usize = 8;
const AWAY_M: [f64; 2] = [1.0, 2.0];
/// Higher falls are of no other kind [m].
const FALL_MAX_M: f64 = 100.0;
/// Most that gives way at once [m³], and least that is worth it [g].
const SLICE_M3: f64 = 0.5;
const SLICE_MIN_G: i64 = 1_000;
/// Roofs are looked for up to this height, and their walls up to this distance [m].
const ROOF_M: f64 = 4.0;
const SPAN_MAX_M: f64 = 15.0;

/// Height up to which a slope stands [m]: Culmann (1875). Infinite up to the friction angle.
pub fn critical_height_m(
    ground: &Ground,
    density_kg_m3: f64,
    slope_rad: f64,
    weight_m_s2: f64,
) -> f64 {
    let friction_rad = ground.friction_angle_rad;
    if slope_rad <= friction_rad {
        return f64::INFINITY;
    }
    let slope_rad = slope_rad.min(FRAC_PI_2);
    4.0 * ground.cohesion_pa * slope_rad.sin() * friction_rad.cos()
        / (density_kg_m3 * weight_m_s2 * (1.0 - (slope_rad - friction_rad).cos()))
}

/// Span up to which a roof carries itself [m]: Terzaghi (1943).
pub fn critical_span_m(ground: &Ground, weight_m_s2: f64) -> f64 {
    2.0 * ground.cohesion_pa / (ground.bulk_density_kg_m3 * weight_m_s2)
}

/// A column of ground under a heap.
struct Column {
    foot_m: DVec3,
    height_m: f64,
    /// Height above the cone of repose around the place.
    level_m: f64,
}

impl Terrain {
    /// Pours spoil on the ground at a place: it fills hollows and then makes a cone at the angle of
    /// repose. Returns how much came to lie; the rest finds no ground, as all of it does where the
    /// weight points away from the body.
    pub fn deposit(&mut self, at_m: DVec3, spoil: Feedstock) -> i64 {
        let mass_g = spoil.mass_g;
        let up = self.up(at_m);
        if mass_g <= 0 || self.normal(at_m).dot(up) <= 0.0 {
            return 0;
        }
        let density_g_m3 = 1e3 * self.heap_density_kg_m3();
        let repose = self.model().ground_at(at_m).friction_angle_rad.tan();
        // Of a cone of this volume, and some.
        let volume_m3 = mass_g as f64 / density_g_m3;
        let radius_m = (3.0 * volume_m3 / (std::f64::consts::PI * repose)).cbrt();
        let reach = (1.3 * radius_m + 1.0).ceil().clamp(1.0, 16.0) as i32;
        let look_m = ROOF_M + repose * radius_m;
        let (east, north) = up.any_orthonormal_pair();
        let mut columns = Vec::new();
        for i in -reach..=reach {
            for j in -reach..=reach {
                if reach * reach < i * i + j * j {
                    continue;
                }
                let foot_m = at_m + f64::from(i) * east + f64::from(j) * north;
                let fall_m = self.drop_m(foot_m + look_m * up, -up, 4.0 * look_m);
                let Some(fall_m) = fall_m.filter(|fall_m| 0.0 < *fall_m) else {
                    continue;
                };
                let height_m = look_m - fall_m;
                columns.push(Column {
                    foot_m,
                    height_m,
                    level_m: height_m + repose * f64::from(i).hypot(f64::from(j)),
                });
            }
        }
        let portion_g = (0.25 * density_g_m3).ceil() as i64;
        let mut left = spoil;
        while 0 < left.mass_g {
            let lowest = columns
                .iter_mut()
                .min_by(|a, b| a.level_m.total_cmp(&b.level_m));
            let Some(column) = lowest.filter(|column| column.level_m.is_finite()) else {
                break;
            };
            let mut put_g = 0;
            for step in 0..5 {
                let above_m = 0.05 + 0.5 * f64::from(step);
                let into_m = column.foot_m + (column.height_m + above_m) * up;
                put_g = self.put_at(into_m, &mut left, portion_g);
                if put_g != 0 {
                    break;
                }
            }
            if put_g == 0 {
                column.level_m = f64::INFINITY;
                continue;
            }
            let rise_m = put_g as f64 / density_g_m3;
            column.height_m += rise_m;
            column.level_m += rise_m;
        }
        mass_g - left.mass_g
    }

    /// Whether ground is still to be looked at.
    pub fn is_restless(&self) -> bool {
        !self.restless.is_empty()
    }

    /// Lets ground near what has changed hold or give way, as far as `tick_s` allows. Returns the
    /// mass that has drifted off [g].
    pub fn settle(&mut self, tick_s: f64) -> i64 {
        let looks = (LOOKS_PER_S * tick_s).ceil().clamp(1.0, LOOKS_MAX) as usize;
        let mut drifted_g = 0;
        for _ in 0..looks {
            let Some((key, index)) = self.restless.pop_first() else {
                break;
            };
            drifted_g += self.relax(key, index);
        }
        drifted_g
    }

    /// What the ground is at a place, spoil included.
    fn loose_ground_at(&self, at_m: DVec3) -> (Ground, f64) {
        let mut ground = self.model().ground_at(at_m);
        let mut density_kg_m3 = ground.bulk_density_kg_m3;
        if 0 < self.spoil_at(at_m) {
            ground.rock = false;
            // A boulder's strength is lost with the boulder.
            ground.cohesion_pa = (SPOIL_COHESION * ground.cohesion_pa).min(100.0);
            density_kg_m3 = self.heap_density_kg_m3();
        }
        (ground, density_kg_m3)
    }

    /// Looks at one voxel; what gives way goes to where it falls. Returns what drifts off [g].
    fn relax(&mut self, key: ChunkKey, index: u16) -> i64 {
        let middle_m = centre_of(key, index);
        let weight = self.acceleration_m_s2(middle_m, DVec3::ZERO, &mut GravityCell::default());
        let weight_m_s2 = weight.length();
        if weight_m_s2 == 0.0 {
            return 0;
        }
        let up = -weight / weight_m_s2;
        let (ground, density_kg_m3) = self.loose_ground_at(middle_m);
        if FALL_MAX_M < critical_height_m(&ground, density_kg_m3, FRAC_PI_2, weight_m_s2)
            && 2.0 * SPAN_MAX_M < critical_span_m(&ground, weight_m_s2)
        {
            // Nothing is high or wide enough to fall here.
            return 0;
        }
        let mut from_m = middle_m;
        if self.felt_m(from_m) < 0.0 {
            from_m += 1.5 * up;
            if self.felt_m(from_m) < 0.0 {
                return 0;
            }
        }
        let Some(fall_m) = self.drop_m(from_m, -up, ROOF_M) else {
            return 0;
        };
        let top_m = from_m - fall_m * up;
        let (east, north) = up.any_orthonormal_pair();
        self.relax_roof(from_m, top_m, up, weight_m_s2)
            + self.relax_slope(top_m, up, [east, north], weight_m_s2)
    }

    fn relax_slope(
        &mut self,
        top_m: DVec3,
        up: DVec3,
        [east, north]: [DVec3; 2],
        weight_m_s2: f64,
    ) -> i64 {
        let (ground, density_kg_m3) = self.loose_ground_at(top_m - 0.3 * up);
        if ground.rock {
            return 0;
        }
        let repose = ground.friction_angle_rad.tan();
        let lift_m = 0.4;
        // Excess of the steepest side over the slope of repose, and where it leads.
        let mut steepest: Option<(f64, DVec3, Option<f64>)> = None;
        for k in 0..AROUND {
            let (sin, cos) = (TAU * k as f64 / AROUND as f64).sin_cos();
            for away_m in AWAY_M {
                let over_m = top_m + away_m * (cos * east + sin * north) + lift_m * up;
                if self.felt_m(over_m) < 0.0 {
                    continue;
                }
                let fall_m = self.drop_m(over_m, -up, FALL_MAX_M);
                let height_m = fall_m.unwrap_or(FALL_MAX_M) - lift_m;
                let excess_m = height_m - repose * away_m;
                // A voxel's surface is known to some centimetres.
                if excess_m < 0.1 * away_m {
                    continue;
                }
                let slope_rad = height_m.atan2(away_m);
                let stands_m = critical_height_m(&ground, density_kg_m3, slope_rad, weight_m_s2);
                if height_m <= stands_m {
                    continue;
                }
                if steepest.is_none_or(|(most_m, ..)| most_m < excess_m / away_m) {
                    steepest = Some((excess_m / away_m, over_m, fall_m));
                }
            }
        }
        let Some((excess_m, over_m, fall_m)) = steepest else {
            return 0;
        };
        let slice_m3 = (0.5 * excess_m).min(SLICE_M3);
        let slice_g = (1e3 * density_kg_m3 * slice_m3) as i64;
        if slice_g < SLICE_MIN_G {
            return 0;
        }
        let to_m = fall_m.map(|m| over_m - m * up);
        self.fall(top_m - 0.3 * up, -up, slice_g, to_m)
    }

    fn relax_roof(&mut self, from_m: DVec3, floor_m: DVec3, up: DVec3, weight_m_s2: f64) -> i64 {
        let rise_m = match self.drop_m(from_m, up, ROOF_M) {
            Some(rise_m) if 0.0 < rise_m => rise_m,
            _ => return 0,
        };
        let roof_m = from_m + rise_m * up;
        let (ground, density_kg_m3) = self.loose_ground_at(roof_m + 0.3 * up);
        if ground.rock {
            return 0;
        }
        let (east, north) = up.any_orthonormal_pair();
        let under_m = roof_m - 0.3 * up;
        let span_m = [
            east,
            north,
            (east + north).normalize(),
            (east - north).normalize(),
        ]
        .map(|way| {
            let reach = |way| self.drop_m(under_m, way, SPAN_MAX_M).unwrap_or(SPAN_MAX_M);
            reach(way) + reach(-way)
        })
        .into_iter()
        .fold(f64::INFINITY, f64::min);
        if span_m <= critical_span_m(&ground, weight_m_s2) {
            return 0;
        }
        let slice_g = (1e3 * density_kg_m3 * SLICE_M3) as i64;
        self.fall(roof_m + 0.3 * up, up, slice_g, Some(floor_m))
    }

    /// Moves ground from one place to the foot of its fall. Returns what finds none [g].
    ///
    /// The surface runs between the middles of voxels, so that of a hole may lie in a voxel that
    /// is empty already: then it is the next one along `inward` that gives way.
    fn fall(&mut self, from_m: DVec3, inward: DVec3, mass_g: i64, to_m: Option<DVec3>) -> i64 {
        let spoil = (0..4)
            .map(|step| self.take_at(from_m + 0.5 * f64::from(step) * inward, mass_g))
            .find(|spoil| 0 < spoil.mass_g);
        let Some(spoil) = spoil else {
            return 0;
        };
        let lies_g = match to_m {
            Some(to_m) => self.deposit(to_m, spoil),
            None => 0,
        };
        spoil.mass_g - lies_g
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::constituent::Constituent;
    use super::super::feedstock::Contents;
    use super::super::{Anchor, BodyChoice, BodyModel, MoonGround};
    use super::*;

    fn load(mass_g: i64, metal_ng: u64) -> Feedstock {
        Feedstock {
            mass_g,
            contents: Contents::of_units(&[(Constituent::Metal, metal_ng)]),
        }
    }

    fn terrain_on(body: &str) -> (Terrain, DVec3) {
        terrain_of(&BodyChoice::of(body, 7))
    }

    fn terrain_of(body: &BodyChoice) -> (Terrain, DVec3) {
        let anchor = Anchor {
            latitude_rad: 0.45,
            longitude_rad: 1.1,
        };
        let model = BodyModel::of(body, anchor).unwrap();
        let place = model.surface_point(anchor.latitude_rad, anchor.longitude_rad);
        (Terrain::new(Arc::clone(&model)), place)
    }

    fn settle_all(terrain: &mut Terrain) -> (i64, usize) {
        let (mut drifted_g, mut ticks) = (0, 0);
        while terrain.is_restless() && ticks < 3_000 {
            drifted_g += terrain.settle(60.0);
            ticks += 1;
        }
        (drifted_g, ticks)
    }

    #[test]
    fn walls_stand_as_high_as_cohesion_holds_them() {
        let (terrain, place) = terrain_on("bennu");
        let mut ground = terrain.model().ground_at(place);
        ground.friction_angle_rad = 35f64.to_radians();
        ground.cohesion_pa = 25.0;
        let height = |ground: &Ground, density, slope: f64, weight| {
            critical_height_m(ground, density, slope.to_radians(), weight)
        };
        // 4 · 25 Pa · tan 62.5° / (1190 kg/m³ · 6 × 10⁻⁵ m/s²).
        assert!((height(&ground, 1190.0, 90.0, 6e-5) / 2690.5 - 1.0).abs() < 1e-3);
        ground.cohesion_pa = 1_000.0;
        let wall_m = height(&ground, 1500.0, 90.0, 1.62);
        assert!((wall_m / 3.162 - 1.0).abs() < 1e-3, "{wall_m}");
        assert!(wall_m < height(&ground, 1500.0, 60.0, 1.62));
        assert_eq!(height(&ground, 1500.0, 34.0, 1.62), f64::INFINITY);
        ground.bulk_density_kg_m3 = 1500.0;
        assert!((critical_span_m(&ground, 1.62) - 0.823).abs() < 1e-3);
    }

    #[test]
    fn a_shaft_stands_on_bennu_and_slumps_on_the_moon() {
        let mut moved = Vec::new();
        let highland = BodyChoice::Moon {
            ground: MoonGround::Highland,
            seed: 7,
        };
        for body in [BodyChoice::of("bennu", 7), highland] {
            let (mut terrain, place) = terrain_of(&body);
            let up = terrain.up(place);
            // A shaft of twelve metres, in the Moon's highland down to the rock.
            for k in 0..6 {
                let depth_m = 1.0 + 2.0 * f64::from(k);
                terrain.excavate(place - depth_m * up, 2.5, i64::MAX);
            }
            let removed_g = terrain.removed_g();
            assert!(0 < removed_g);
            let depth_before_m = terrain.drop_m(place + 4.0 * up, -up, 60.0).unwrap();
            let (drifted_g, ticks) = settle_all(&mut terrain);
            assert!(
                !terrain.is_restless(),
                "{body:?} is not done after {ticks} ticks"
            );
            assert_eq!(terrain.removed_g(), removed_g + drifted_g, "{body:?}");
            assert_eq!(terrain.recount_removed_g(), terrain.removed_g(), "{body:?}");
            let depth_m = terrain.drop_m(place + 4.0 * up, -up, 60.0).unwrap();
            moved.push(depth_before_m - depth_m);
        }
        assert!(
            moved[0].abs() < 1e-6,
            "on Bennu the floor rose by {} m",
            moved[0]
        );
        assert!(
            1e-3 < moved[1],
            "on the Moon the floor rose by {} m",
            moved[1]
        );
    }

    #[test]
    fn spoil_lies_in_a_heap_and_can_be_dug_again_with_its_water() {
        let (mut terrain, place) = terrain_on("bennu");
        let up = terrain.up(place);
        let before_m = terrain.drop_m(place + 3.0 * up, -up, 9.0).unwrap();
        let mass_g = 2_000_000;
        // With a mark that undisturbed ground of Bennu has none of.
        let load = load(mass_g, 160_000_000_007);
        let mark = load.contents;
        assert_eq!(terrain.deposit(place, load), mass_g);
        assert_eq!(terrain.removed_g(), -mass_g);
        let after_m = terrain.drop_m(place + 3.0 * up, -up, 9.0).unwrap();
        assert!(
            0.3 < before_m - after_m,
            "the ground rose by {} m",
            before_m - after_m
        );
        // The field shows a distance, so that a robot can stand on it.
        assert!(terrain.signed_distance_m(place + 0.1 * up) < 0.0);
        let (mut back_g, mut back) = (0, Contents::default());
        let mut ground_g = 0;
        while back_g < mass_g {
            let spoil = terrain.excavate(place, 6.0, 50_000);
            assert!(0 < spoil.mass_g);
            back.add(spoil.contents);
            // Undisturbed ground comes up beside the spoil.
            back_g = mass_g - terrain.spoil_g();
            ground_g += spoil.mass_g;
            assert!(ground_g < 1_000_000_000);
        }
        let metal = Constituent::Metal;
        assert_eq!(back.units(metal), mark.units(metal));
        assert_eq!(terrain.removed_g(), ground_g - mass_g);
        assert_eq!(terrain.recount_removed_g(), terrain.removed_g());
    }

    #[test]
    fn a_save_with_heaps_and_restless_ground_goes_on_alike() {
        let (mut terrain, place) = terrain_on("moon");
        let up = terrain.up(place);
        terrain.excavate(place - 1.5 * up, 3.0, i64::MAX);
        terrain.deposit(
            place + 5.0 * up.any_orthonormal_vector(),
            load(900_000, 1_000),
        );
        terrain.settle(1.0);
        let bytes = postcard::to_stdvec(&terrain.clone()).unwrap();
        let mut again: Terrain = postcard::from_bytes(&bytes).unwrap();
        for _ in 0..40 {
            assert_eq!(terrain.settle(5.0), again.settle(5.0));
        }
        let hash = |terrain: &Terrain| {
            let mut hash = xxhash_rust::xxh3::Xxh3::new();
            terrain.hash_into(&mut hash);
            hash.digest()
        };
        assert_eq!(hash(&terrain), hash(&again));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn digging_heaping_and_slumping_keep_every_gram(
            deeds in prop::collection::vec((any::<bool>(), -4.0..4.0, -4.0..4.0, 1_000i64..3_000_000), 1..8),
            on_the_moon in any::<bool>(),
        ) {
            let (mut terrain, place) = terrain_on(if on_the_moon { "moon" } else { "bennu" });
            let (east, north) = terrain.up(place).any_orthonormal_pair();
            let (mut out_g, mut in_g, mut drifted_g) = (0, 0, 0);
            for (digs, x, y, mass_g) in deeds {
                let at_m = place + x * east + y * north;
                if digs {
                    out_g += terrain.excavate(at_m, 2.5, mass_g).mass_g;
                } else {
                    in_g += terrain.deposit(at_m, load(mass_g, 0));
                }
                drifted_g += terrain.settle(10.0);
                prop_assert_eq!(terrain.removed_g(), out_g - in_g + drifted_g);
                prop_assert_eq!(terrain.recount_removed_g(), terrain.removed_g());
            }
        }
    }
}
